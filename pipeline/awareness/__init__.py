"""Evaluation awareness: do models take scenarios for tests, and real work for real work?"""
