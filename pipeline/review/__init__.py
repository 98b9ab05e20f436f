"""The review page: people read scenarios and runs in the browser, and every answer is kept the moment it is given."""
