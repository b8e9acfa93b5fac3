"""What travels to the Hub with every checkpoint."""
