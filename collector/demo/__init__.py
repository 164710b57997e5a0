"""Sample agent runs of three invented teams, sent through the real receiver."""

from __future__ import annotations

from collector.demo.day import demo_requests
from collector.demo.sender import DemoError, send_demo

__all__ = ["DemoError", "demo_requests", "send_demo"]
