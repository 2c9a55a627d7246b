//go:build tools

// Package tools pins what this module builds; see ../tools.toml for the versions and flags.
package tools

import (
	_ "github.com/projectcontour/contour/cmd/contour"
)
