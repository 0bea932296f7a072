"""A real Kubernetes: its objects as our values, and our verbs as its requests. One module a theme."""
