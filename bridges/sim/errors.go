// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is a refusal of the control API. errors.Is compares codes, so that a sentinel of this package
// matches a refusal that crossed the wire.
type Error struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Sentence }

// Is matches by code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// The refusals.
var (
	// ErrNotFound: the named user, chat or message does not exist.
	ErrNotFound = &Error{Code: "not_found", Sentence: "no such thing"}
	// ErrNotSupported: the network has no such thing.
	ErrNotSupported = &Error{Code: "not_supported", Sentence: "this network has no such thing"}
	// ErrRefused: the network would not let that user do it.
	ErrRefused = &Error{Code: "refused", Sentence: "the network does not let that user do this"}
	// ErrWrongUse: the request makes no sense.
	ErrWrongUse = &Error{Code: "wrong_use", Sentence: "wrong use"}
)

// Because makes an error of kind's code with a sentence of its own.
func Because(kind *Error, format string, args ...any) error {
	return &Error{Code: kind.Code, Sentence: fmt.Sprintf(format, args...)}
}

func statusOf(e *Error) int {
	switch e.Code {
	case ErrNotFound.Code:
		return http.StatusNotFound
	case ErrNotSupported.Code:
		return http.StatusNotImplemented
	case ErrRefused.Code:
		return http.StatusConflict
	case ErrWrongUse.Code:
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}
