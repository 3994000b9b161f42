"""The protocols of the web server: uvicorn's, with a bound for everything that a stranger can make it keep or do."""
