"""The doors that exporters knock on, one module a transport."""
