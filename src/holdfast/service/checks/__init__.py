"""What `holdfast doctor` looks at, by topic: the machine, the home, what runs on it, what is risky."""
