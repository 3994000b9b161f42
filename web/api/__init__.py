"""The API for programs: OpenAI's chat completions, as far as docs/api.md says."""
