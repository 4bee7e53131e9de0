"""Faults of sensors, put into a recording on purpose by a seed. docs/sensor-faults.md says what each does.

`disturb` is in bench.sensor_faults.inject: scenarios are read without numpy.
"""

from bench.sensor_faults.injected import SensorFault, sensor_faults_text
from bench.sensor_faults.spec import FAULTS, SensorFaultSpec, take_sensor_faults

__all__ = ["FAULTS", "SensorFault", "SensorFaultSpec", "sensor_faults_text", "take_sensor_faults"]
