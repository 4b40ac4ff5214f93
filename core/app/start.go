// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/store"
)

// The codes of what keeps a router from starting, or a backup from being restored.
const (
	codeInUse     = "in_use"
	codeForbidden = "data_dir_forbidden"
	codeShared    = "data_dir_shared"
	codeExists    = "data_exists"
	codeNoBackup  = "no_backup"
	codeNoData    = "no_data"
)

// CheckFolder returns a *command.Error for a folder that must not become a data folder, because it is not Causeway's alone.
func CheckFolder(dir string) error {
	if err := store.CheckFolder(dir); errors.Is(err, store.ErrShared) {
		return folderError(dir, err)
	}
	return nil
}

// folderError tells in words for people what is wrong with a data folder; other errors stay as they are.
func folderError(dir string, err error) error {
	var used *store.InUseError
	switch {
	case errors.As(err, &used):
		return &command.Error{Code: codeInUse, Sentence: fmt.Sprintf("The data folder %s is in use by process %s.", dir, cmp.Or(used.PID, "unknown")),
			Action: "Only one router can have it: stop that one first, or choose another data_dir."}
	case errors.Is(err, store.ErrShared):
		return &command.Error{Code: codeShared, Sentence: fmt.Sprintf("The data folder %s is not Causeway's alone: other files are in it, and others may look into it.", dir),
			Action: "Choose another data_dir; or, if all of it is Causeway's, close it with chmod 700."}
	case errors.Is(err, fs.ErrPermission):
		return &command.Error{Code: codeForbidden, Sentence: fmt.Sprintf("The data folder %s cannot be used: permission denied.", dir),
			Action: "Run this as a user that may write there, or choose another data_dir."}
	}
	return err
}

// dataExists says that a backup would take the place of a store.
func dataExists(dir string) error {
	return &command.Error{Code: codeExists, Sentence: fmt.Sprintf("There is a store in %s already, and a restore does not overwrite it.", dir),
		Action: "Move that folder away first, or choose another data_dir."}
}

// noData says that there is no store to back up.
func noData(dir string) error {
	return &command.Error{Code: codeNoData, Sentence: fmt.Sprintf("There is no store in %s.", dir), Action: "Name the config of the router with -c."}
}

// noBackup says that a file cannot be restored; err is an ErrNoBackup.
func noBackup(file string, err error) error {
	return &command.Error{Code: codeNoBackup, Sentence: fmt.Sprintf("%s cannot be restored: it is %v.", file, err),
		Action: "Name a file that causeway backup made."}
}
