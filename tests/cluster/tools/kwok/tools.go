//go:build tools

// Package tools pins what this module builds; see ../tools.toml for the versions and flags.
package tools

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
