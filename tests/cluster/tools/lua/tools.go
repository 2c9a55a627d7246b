//go:build tools

// Pins the module whose scripts are run; they are read from Go's module cache.
package main

import (
	_ "github.com/argoproj/argo-cd/v3/resource_customizations"
)
