// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"errors"
	"net/url"
)

// WithoutAddress is what went wrong with an HTTP request, without the address that net/http puts in front of it: that may hold
// tokens, or somebody's number. Other errors, nil among them, come back as they are. What wraps a *url.Error is left out too.
func WithoutAddress(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
