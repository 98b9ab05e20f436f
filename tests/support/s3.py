"""An S3 server of its own for tests (moto's), and the environment in which clients find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

BUCKET = "benchmarks"


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Run an S3 server with one bucket; give the environment variables with which any S3 client finds it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "a-test",
        "AWS_SECRET_ACCESS_KEY": "a-test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="a-test",
        aws_secret_access_key="a-test",
    )
    client.create_bucket(Bucket=BUCKET)
    S3FileSystem.clear_instance_cache()  # those made before know another server
    try:
        yield environment
    finally:
        server.stop()
