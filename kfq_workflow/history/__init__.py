"""What was: the order of one instance's acts, corrections in their place, and what the instance was at any moment."""
