// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"

	"github.com/causeway-chat/causeway/core/chat"
)

// forms reads what people fill in, which no other network shows in the same way: as lines of text.
func (d *decoder) forms(m *waE2E.Message) (found, bool) {
	switch {
	case m.GetEventMessage() != nil:
		return event(m.GetEventMessage()), true
	case m.GetEventInviteMessage() != nil:
		e := m.GetEventInviteMessage()
		return found{about: e.GetContextInfo(), name: "event", lines: words("Event: "+e.GetEventTitle(), when(e.GetStartTime()), e.GetCaption(), e.GetCallLink())}, true
	case m.GetGroupInviteMessage() != nil:
		i := m.GetGroupInviteMessage()
		return found{about: i.GetContextInfo(), name: "group invitation", lines: words("Invitation to the WhatsApp group "+i.GetGroupName(), i.GetCaption())}, true
	case m.GetNewsletterAdminInviteMessage() != nil:
		i := m.GetNewsletterAdminInviteMessage()
		return found{about: i.GetContextInfo(), name: "channel invitation", lines: words("Invitation to be an admin of the channel "+i.GetNewsletterName(), i.GetCaption())}, true
	case m.GetNewsletterFollowerInviteMessageV2() != nil:
		i := m.GetNewsletterFollowerInviteMessageV2()
		return found{about: i.GetContextInfo(), name: "channel invitation", lines: words("Invitation to the channel "+i.GetNewsletterName(), i.GetCaption())}, true
	case m.GetStickerPackMessage() != nil:
		p := m.GetStickerPackMessage()
		return unshown(p.GetContextInfo(), "sticker pack", p.GetName(), p.GetCaption()), true
	case m.GetScheduledCallCreationMessage() != nil:
		c := m.GetScheduledCallCreationMessage()
		return found{name: "call", lines: words("Call: "+c.GetTitle(), when(c.GetScheduledTimestampMS()/1000))}, true
	case m.GetCallLogMesssage() != nil:
		return unshown(nil, "call"), true
	case m.GetBcallMessage() != nil:
		return unshown(nil, "call", m.GetBcallMessage().GetCaption()), true
	case m.GetQuestionResponseMessage() != nil:
		return found{name: "answer", raw: m.GetQuestionResponseMessage().GetText()}, m.GetQuestionResponseMessage().GetText() != ""
	}
	return found{}, false
}

// event reads a date that people make.
func event(e *waE2E.EventMessage) found {
	head := "Event: "
	if e.GetIsCanceled() {
		head = "Event called off: "
	}
	place := words(e.GetLocation().GetName(), e.GetLocation().GetAddress())
	return found{about: e.GetContextInfo(), name: "event", lines: words(head+e.GetName(), when(e.GetStartTime()), place, e.GetDescription(), e.GetJoinLink())}
}

// when writes a time for people of whom nobody knows where they are.
func when(unix int64) string {
	if unix <= 0 || unix > 1<<36 {
		return ""
	}
	return time.Unix(unix, 0).UTC().Format("2 January 2006, 15:04 UTC")
}

// unshown is a kind that cannot be shown, with what can be said of it.
func unshown(about *waE2E.ContextInfo, name string, says ...string) found {
	return found{about: about, name: name, content: chat.Content{Placeholder: name}, lines: words(says...)}
}

// words joins the lines that are not empty.
func words(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// business reads what companies' programs send: the words, and the buttons below them as a list.
func (d *decoder) business(m *waE2E.Message) (found, bool) {
	var f found
	switch {
	case m.GetButtonsMessage() != nil:
		f = buttons(m.GetButtonsMessage())
	case m.GetListMessage() != nil:
		f = list(m.GetListMessage())
	case m.GetTemplateMessage() != nil:
		f = template(m.GetTemplateMessage())
	case m.GetHighlyStructuredMessage().GetHydratedHsm() != nil:
		f = template(m.GetHighlyStructuredMessage().GetHydratedHsm())
	case m.GetInteractiveMessage() != nil:
		f = interactive(m.GetInteractiveMessage())
	case m.GetProductMessage() != nil:
		p := m.GetProductMessage()
		product := p.GetProduct()
		f = found{about: p.GetContextInfo(), lines: words(product.GetTitle(), price(product.GetPriceAmount1000(), product.GetCurrencyCode()), product.GetDescription(), p.GetBody(), product.GetURL(), p.GetFooter())}
	case m.GetOrderMessage() != nil:
		o := m.GetOrderMessage()
		f = found{about: o.GetContextInfo(), lines: words("Order: "+o.GetOrderTitle(), price(o.GetTotalAmount1000(), o.GetTotalCurrencyCode()), o.GetMessage())}
	default:
		return d.answers(m)
	}
	f.name = "message of a company"
	if f.lines == "" {
		f.content.Placeholder = f.name
	}
	return f, true
}

// answers reads what people choose from what companies' programs send, and payments.
func (d *decoder) answers(m *waE2E.Message) (found, bool) {
	switch {
	case m.GetButtonsResponseMessage().GetSelectedDisplayText() != "":
		r := m.GetButtonsResponseMessage()
		return found{about: r.GetContextInfo(), name: "answer", lines: r.GetSelectedDisplayText()}, true
	case m.GetListResponseMessage() != nil:
		r := m.GetListResponseMessage()
		return answer(r.GetContextInfo(), r.GetTitle(), r.GetDescription()), true
	case m.GetTemplateButtonReplyMessage() != nil:
		r := m.GetTemplateButtonReplyMessage()
		return answer(r.GetContextInfo(), r.GetSelectedDisplayText()), true
	case m.GetInteractiveResponseMessage() != nil:
		r := m.GetInteractiveResponseMessage()
		return answer(r.GetContextInfo(), r.GetBody().GetText()), true
	case m.GetSendPaymentMessage() != nil:
		return d.payment(m.GetSendPaymentMessage().GetNoteMessage()), true
	case m.GetRequestPaymentMessage() != nil:
		return d.payment(m.GetRequestPaymentMessage().GetNoteMessage()), true
	case m.GetPaymentInviteMessage() != nil, m.GetInvoiceMessage() != nil, m.GetDeclinePaymentRequestMessage() != nil,
		m.GetCancelPaymentRequestMessage() != nil, m.GetPaymentReminderMessage() != nil, m.GetSplitPaymentMessage() != nil:
		return unshown(nil, "payment", m.GetInvoiceMessage().GetNote()), true
	}
	return found{}, false
}

func answer(about *waE2E.ContextInfo, lines ...string) found {
	f := found{about: about, name: "answer", lines: words(lines...)}
	if f.lines == "" {
		f.content.Placeholder = f.name
	}
	return f
}

// payment is named, with the note that people write to it; the sum is between the two.
func (d *decoder) payment(note *waE2E.Message) found {
	f, _ := d.text(note)
	return found{about: f.about, name: "payment", content: chat.Content{Placeholder: "payment"}, raw: f.raw}
}

func buttons(b *waE2E.ButtonsMessage) found {
	lines := []string{b.GetText(), b.GetContentText(), b.GetFooterText()}
	for _, one := range b.GetButtons() {
		lines = append(lines, item(one.GetButtonText().GetDisplayText()))
	}
	return found{about: b.GetContextInfo(), lines: words(lines...)}
}

func list(l *waE2E.ListMessage) found {
	lines := []string{l.GetTitle(), l.GetDescription(), l.GetFooterText()}
	for _, s := range l.GetSections() {
		lines = append(lines, s.GetTitle())
		for _, r := range s.GetRows() {
			lines = append(lines, item(strings.TrimSuffix(r.GetTitle()+" – "+r.GetDescription(), " – ")))
		}
	}
	return found{about: l.GetContextInfo(), lines: words(lines...)}
}

func template(t *waE2E.TemplateMessage) found {
	if i := t.GetInteractiveMessageTemplate(); i != nil {
		return interactive(i)
	}
	h := t.GetHydratedTemplate()
	if h == nil {
		h = t.GetHydratedFourRowTemplate()
	}
	lines := []string{h.GetHydratedTitleText(), h.GetHydratedContentText(), h.GetHydratedFooterText()}
	for _, b := range h.GetHydratedButtons() {
		lines = append(lines, item(b.GetQuickReplyButton().GetDisplayText()), item(words(b.GetUrlButton().GetDisplayText(), b.GetUrlButton().GetURL())), item(b.GetCallButton().GetDisplayText()))
	}
	return found{about: t.GetContextInfo(), lines: words(lines...)}
}

func interactive(i *waE2E.InteractiveMessage) found {
	return found{about: i.GetContextInfo(), lines: words(i.GetHeader().GetTitle(), i.GetHeader().GetSubtitle(), i.GetBody().GetText(), i.GetFooter().GetText())}
}

func item(s string) string {
	if s == "" {
		return ""
	}
	return "• " + s
}

// price writes an amount in thousandths of a currency's unit.
func price(amount int64, currency string) string {
	if amount <= 0 || currency == "" {
		return ""
	}
	return fmt.Sprintf("%d.%02d %s", amount/1000, amount%1000/10, currency)
}
