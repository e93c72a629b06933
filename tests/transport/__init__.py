"""Tests of outbound HTTP, over real sockets."""
