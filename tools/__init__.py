"""What builds, checks and tests the program, and is no part of it."""
