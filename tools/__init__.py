"""What derives and measures: generators, simulation, benchmarks."""
