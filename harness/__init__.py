"""The app from outside, as tests, benchmarks and screenshots drive it: its server, a browser, a bare connection."""
