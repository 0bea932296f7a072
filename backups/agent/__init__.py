"""The small program that works beside the data, in a pod or in a child process. It knows nothing of Django."""
