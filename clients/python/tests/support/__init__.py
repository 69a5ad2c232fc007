"""What tests need: the real program with a tmux server of its own, a proxy that cuts, a terminal to look at."""
