"""Commands: thin. Each reads its arguments, calls one service, prints the answer."""
