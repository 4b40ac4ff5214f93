// SPDX-License-Identifier: Apache-2.0

package command

import "io"

const resultFailed = "failed"

func (s *Status) Table(w io.Writer, v View) error       { return nil }
func (s *ChatList) Table(w io.Writer, v View) error     { return nil }
func (s *RoomList) Table(w io.Writer, v View) error     { return nil }
func (s *RoomRow) Table(w io.Writer, v View) error      { return nil }
func (s *DeliveryList) Table(w io.Writer, v View) error { return nil }
func (s *SettledList) Table(w io.Writer, v View) error  { return nil }
