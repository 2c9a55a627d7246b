// Command argocd-lua runs one of Argo CD's Lua scripts on an object, with the libraries that Argo CD gives it.
//
// Standard input is {"script", "object", "all_libraries"}, standard output what the script returned, as JSON. Health
// scripts run with all of Lua's libraries, discovery and action scripts with `table` and a clock.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
)

type request struct {
	Script       string         `json:"script"`
	Object       map[string]any `json:"object"`
	AllLibraries bool           `json:"all_libraries"`
}

func main() {
	if err := answer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer() error {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	returned, err := run(asked)
	if err != nil {
		return err
	}
	written := json.NewEncoder(os.Stdout)
	written.SetEscapeHTML(false)
	return written.Encode(returned)
}

func run(asked request) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: !asked.AllLibraries})
	defer state.Close()
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limit)
	if err := openLibraries(state); err != nil {
		return nil, err
	}
	state.SetGlobal("actionParams", state.NewTable())
	state.SetGlobal("obj", toLua(state, asked.Object))
	if err := state.DoString(asked.Script); err != nil {
		return nil, fmt.Errorf("the script failed: %w", err)
	}
	return fromLua(state.Get(-1), asked.Object)
}

// openLibraries opens what every script may use. Of `os` that is only the clock: no script may read files or exit.
func openLibraries(state *lua.LState) error {
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
		lua.OsLibName:   lua.OpenOs,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return fmt.Errorf("opening %s: %w", name, err)
		}
	}
	whole := state.GetGlobal(lua.OsLibName)
	clock := state.NewTable()
	for _, name := range []string{"time", "date"} {
		clock.RawSetString(name, state.GetField(whole, name))
	}
	state.SetGlobal(lua.OsLibName, clock)
	loaded := state.GetField(state.GetGlobal(lua.LoadLibName), "loaded")
	state.SetField(loaded, lua.OsLibName, clock)
	return nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}

// fromLua turns a result into what JSON knows. An empty table says neither list nor object: it is what it was in the
// object that the script was given, and a list where that has nothing.
func fromLua(value lua.LValue, before any) (any, error) {
	switch value := value.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(value), nil
	case lua.LString:
		return string(value), nil
	case lua.LNumber:
		return float64(value), nil
	case *lua.LTable:
		if value.Len() > 0 {
			return listFromLua(value, before)
		}
		return objectFromLua(value, before)
	}
	return nil, fmt.Errorf("a script returned a %s, which JSON does not know", value.Type())
}

func listFromLua(table *lua.LTable, before any) (any, error) {
	known, _ := before.([]any)
	list := make([]any, table.Len())
	for place := range list {
		var was any
		if place < len(known) {
			was = known[place]
		}
		item, err := fromLua(table.RawGetInt(place+1), was)
		if err != nil {
			return nil, err
		}
		list[place] = item
	}
	return list, nil
}

func objectFromLua(table *lua.LTable, before any) (any, error) {
	known, wasObject := before.(map[string]any)
	object := map[string]any{}
	var failed error
	table.ForEach(func(key, value lua.LValue) {
		item, err := fromLua(value, known[key.String()])
		if err != nil {
			failed = err
		}
		object[key.String()] = item
	})
	if len(object) == 0 && !wasObject {
		return []any{}, nil
	}
	return object, failed
}
