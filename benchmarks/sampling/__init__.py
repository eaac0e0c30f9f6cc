"""What ``benchmarks/spaces.py`` times: spaces of featviz, and how others make the same inputs."""
