"""VideoScore2: a Qwen2.5-VL-7B that thinks aloud about a video and then scores it (arXiv 2509.22799)."""
