"""What is written: paths, files that are whole or not there, numbers as JSON has them."""
