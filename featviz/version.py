"""The version of featviz, read by the packaging as well."""

VERSION = "0.1.0"
