"""`videoscore2-served`: VideoScore2 behind servers that speak OpenAI's protocol."""
