"""What the end-to-end tests share: the command, running systems, pictures, waiting."""
