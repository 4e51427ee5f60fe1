"""What an hour in a lesson, thirty students and a kernel that lives for a week do to it: `make soak`."""
