"""Prints the value of TF_ENABLE_ONEDNN_OPTS that TensorFlow does not choose by itself here: 0 on most processors."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from tensorflow.python.framework.test_util import IsMklEnabled

print(int(not IsMklEnabled()))
