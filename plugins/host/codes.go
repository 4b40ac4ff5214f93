// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
)

// Codes of account states that the supervisor itself gives.
const (
	CodeStarting          = "starting"
	CodeBridgeDied        = chat.CodeBridgeDied
	CodeBridgeSilent      = "bridge_silent"
	CodeBridgeStopped     = "bridge_stopped"
	CodeCrashLoop         = "crash_loop"
	CodeBridgeMissing     = "bridge_missing"
	CodeChecksumMismatch  = "checksum_mismatch"
	CodeProtocolVersion   = "protocol_version"
	CodeHandshakeFailed   = "handshake_failed"
	CodeStartFailed       = "start_failed"
	CodeWrongNetwork      = "wrong_network"
	CodeStateDir          = "state_dir"
	CodeStateDirLocked    = "state_dir_locked"
	CodeRunDir            = "run_dir"
	CodeProtocolViolation = "protocol_violation"
	CodeStoreFailed       = "store_failed"
	CodeFenced            = "fenced"
)

// Codes of outcomes that the supervisor itself gives, besides those of core/chat.
const (
	CodePostTooLarge = "post_too_large"
	CodeBadAnswer    = "bad_answer"
)

// catalogue holds every reason that a supervisor gives: a code with its sentence and what to do.
var catalogue = []chat.Reason{
	{Code: CodeStarting, Sentence: "The bridge is starting."},
	{Code: CodeBridgeDied, Sentence: "The bridge's process ended; it is started again.", Action: "If it goes on, read the bridge's lines in the log."},
	{Code: CodeBridgeSilent, Sentence: "The bridge did not answer the heartbeat and was killed; it is started again.", Action: "Look for a machine that is short of memory or processor time."},
	{Code: CodeBridgeStopped, Sentence: "The bridge gave up; it is started again.", Action: "Read the bridge's lines in the log."},
	{Code: CodeCrashLoop, Sentence: "The bridge ended again and again right after its start; it is tried once in a while.", Action: "Read the bridge's lines in the log; update the bridge. Nothing that waits is lost."},
	{Code: CodeBridgeMissing, Sentence: "The bridge's program was not found.", Action: "Build it with `go build -o bin/ ./cmd/...` or set plugin_dir."},
	{Code: CodeChecksumMismatch, Sentence: "The bridge's program is not the one whose checksum the config names.", Action: "Put the right file back, or set the new checksum in the config."},
	{Code: CodeProtocolVersion, Sentence: "The bridge and the router do not speak the same version.", Action: "Install a bridge and a router of the same release."},
	{Code: CodeHandshakeFailed, Sentence: "The bridge's program did not introduce itself as a bridge.", Action: "Check that the file is a Causeway bridge; read its lines in the log."},
	{Code: CodeStartFailed, Sentence: "The bridge's program could not be started.", Action: "Check that the file can be executed on this machine."},
	{Code: CodeWrongNetwork, Sentence: "The bridge's program is for another network than the account.", Action: "Check the files in the plugin folder."},
	{Code: CodeStateDir, Sentence: "The account's folder cannot be used.", Action: "Look at the data folder: it must belong to the router's user, on a disk that has room and whose files can be locked."},
	{Code: CodeStateDirLocked, Sentence: "Another process still works in the account's folder.", Action: "Stop the other router or bridge that uses this data folder."},
	{Code: CodeRunDir, Sentence: "The folder for the bridge's socket cannot be used.", Action: "Choose a data folder with a shorter path that the router may write to."},
	{Code: CodeProtocolViolation, Sentence: "The bridge broke the rules of the contract and was killed; it is started again.", Action: "Report it to the bridge's authors."},
	{Code: CodeStoreFailed, Sentence: "The router could not begin the bridge's life in its database; it tries again.", Action: "Look at the disk: is it full, or failing?"},
	{Code: CodeFenced, Sentence: "A later start of the account took over; this one was ended.", Action: "Run one router per data folder."},
	{Code: chat.CodeNotConnected, Sentence: "The bridge was not connected; the message was not sent."},
	{Code: chat.CodeTimeout, Sentence: "The network did not answer in time; the message may have been sent."},
	{Code: chat.CodeRouterDied, Sentence: "The router stopped waiting for an answer; the message may have been sent."},
	{Code: CodePostTooLarge, Sentence: "The message is larger than a bridge can take."},
	{Code: CodeBadAnswer, Sentence: "The bridge's answer could not be read; the message may have been sent.", Action: "Report it to the bridge's authors."},
}

// reason finds a code in the catalogue.
func reason(code string) chat.Reason {
	for _, r := range catalogue {
		if r.Code == code {
			return r
		}
	}
	return chat.Reason{Code: code}
}

// fault is why a life ended or could not begin.
type fault struct {
	code  string
	err   error
	crash bool // counts for the crash loop: the program itself failed, after it was started
}

func (f *fault) Error() string { return fmt.Sprintf("%s: %v", f.code, f.err) }
func (f *fault) Unwrap() error { return f.err }

func misfit(code string, format string, args ...any) *fault {
	return &fault{code: code, err: fmt.Errorf(format, args...)}
}

func crash(code string, format string, args ...any) *fault {
	return &fault{code: code, err: fmt.Errorf(format, args...), crash: true}
}
