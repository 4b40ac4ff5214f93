// SPDX-License-Identifier: Apache-2.0

package render

import (
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/causeway-chat/causeway/core/chat"
)

// arabic counts in six forms: none, one, two, a few (3 to 10), many (11 to 99), and the rest.
var arabic = words{
	tag:           language.Arabic,
	edited:        "(عُدِّلت)",
	forwarded:     "رسالة محوَّلة",
	forwardedFrom: "محوَّلة من %s",
	earlier:       "(رسالة سابقة)",
	empty:         "(رسالة فارغة)",
	unnamed:       "(بلا اسم)",
	spoiler:       "محتوى مخفي",
	reactions:     "التفاعلات: %s",
	reactedWith:   "تفاعل %s بـ %s",
	media: map[chat.MediaKind]string{
		chat.Photo:     "صورة",
		chat.Video:     "فيديو",
		chat.Animation: "صورة متحركة",
		chat.Audio:     "مقطع صوتي",
		chat.Voice:     "رسالة صوتية",
		chat.VideoNote: "رسالة فيديو",
		chat.File:      "ملف",
		chat.Sticker:   "ملصق",
	},
	place:      "موقع",
	livePlace:  "موقع مباشر",
	contact:    "جهة اتصال",
	poll:       "استطلاع",
	closedPoll: "استطلاع مغلق",
	notices: map[chat.NoticeKind]string{
		chat.NoticeJoined:   "انضمّ {who}",
		chat.NoticeLeft:     "غادر {who}",
		chat.NoticeRemoved:  "أُزيل {who}",
		chat.NoticeTitle:    "اسم المجموعة الآن {value}",
		chat.NoticePicture:  "للمجموعة صورة جديدة",
		chat.NoticePinned:   "ثبّت {who} رسالة",
		chat.NoticeUnpinned: "أُلغي تثبيت رسالة",
		chat.NoticeCall:     "بدأ {who} مكالمة {value}",
		chat.NoticeCallEnd:  "انتهت المكالمة",

		chat.NoticeSafetyNumber: "تغيّر رقم أمان {who}",
	},
	several:       map[chat.NoticeKind]forms{chat.NoticeRemoved: {plural.Other: "أُزيل {who}"}}, // the verb comes first, and stays
	noticeUnknown: "تغيّر شيء في المجموعة",
	somebody:      "شخص ما",
	and:           "%s و%s",
	andMore: forms{
		plural.Zero: "{names}", plural.One: "{names} وشخص آخر", plural.Two: "{names} وشخصان آخران",
		plural.Few: "{names} و{n} أشخاص آخرين", plural.Many: "{names} و{n} شخصًا آخر", plural.Other: "{names} و{n} شخص آخر",
	},
	people: forms{
		plural.Zero: "لا أحد", plural.One: "شخص واحد", plural.Two: "شخصان",
		plural.Few: "{n} أشخاص", plural.Many: "{n} شخصًا", plural.Other: "{n} شخص",
	},
	comma: "، ",

	unreachable: "تعذّر الوصول إلى {network} منذ {time}؛ الرسائل الموجَّهة إليه محفوظة",
	troubles: map[chat.Trouble]string{
		chat.TroubleLoggedOut:   "سُجّل خروج الجسر من {network} منذ {time}؛ الرسائل الموجَّهة إليه محفوظة إلى أن يُقرَن من جديد",
		chat.TroubleBanned:      "حظر {network} هذا الجسر عند {time}؛ الرسائل الموجَّهة إليه محفوظة إلى أن يُقرَن حساب آخر",
		chat.TroubleCredentials: "لا يقبل {network} دخول هذا الجسر منذ {time}؛ الرسائل الموجَّهة إليه محفوظة إلى أن يُصحَّح رمزه",
		chat.TroubleDeaf:        "لا يسلّم {network} ما يُكتب فيه منذ {time}؛ الرسائل الموجَّهة إليه تصل كالمعتاد",
		chat.TroubleOutdated:    "لا يقبل {network} هذا الإصدار من الجسر منذ {time}؛ الرسائل الموجَّهة إليه محفوظة إلى أن يُحدَّث",
	},
	back: "عاد {network} بعد {duration}",
	gap:  "كل ما كُتب على {network} من {from} إلى {to} لم يُنقل: لم تحتفظ به الشبكة",
	kept: forms{
		plural.Zero: "لا رسائل", plural.One: "رسالة واحدة", plural.Two: "رسالتان",
		plural.Few: "{n} رسائل", plural.Many: "{n} رسالة", plural.Other: "{n} رسالة",
	},
	summary: "{messages} من {who}، كُتبت من {from} إلى {to}. جميعها في الملف، وهذه آخرها:",
	delivered: forms{
		plural.Zero: "، ولم تُسلَّم رسائل", plural.One: "، وسُلّمت رسالة واحدة", plural.Two: "، وسُلّمت رسالتان",
		plural.Few: "، وسُلّمت {n} رسائل", plural.Many: "، وسُلّمت {n} رسالة", plural.Other: "، وسُلّمت {n} رسالة",
	},
	onTheWay: forms{
		plural.Zero: "، ولا رسائل في الطريق", plural.One: "، ورسالة واحدة في الطريق", plural.Two: "، ورسالتان في الطريق",
		plural.Few: "، و{n} رسائل في الطريق", plural.Many: "، و{n} رسالة في الطريق", plural.Other: "، و{n} رسالة في الطريق",
	},
	andUnit: " و",

	days: forms{
		plural.Zero: "{n} يوم", plural.One: "يوم واحد", plural.Two: "يومين",
		plural.Few: "{n} أيام", plural.Many: "{n} يومًا", plural.Other: "{n} يوم",
	},
	hours: forms{
		plural.Zero: "{n} ساعة", plural.One: "ساعة واحدة", plural.Two: "ساعتين",
		plural.Few: "{n} ساعات", plural.Many: "{n} ساعة", plural.Other: "{n} ساعة",
	},
	minutes: forms{
		plural.Zero: "{n} دقيقة", plural.One: "دقيقة واحدة", plural.Two: "دقيقتين",
		plural.Few: "{n} دقائق", plural.Many: "{n} دقيقة", plural.Other: "{n} دقيقة",
	},
	seconds: forms{
		plural.Zero: "{n} ثانية", plural.One: "ثانية واحدة", plural.Two: "ثانيتين",
		plural.Few: "{n} ثوانٍ", plural.Many: "{n} ثانية", plural.Other: "{n} ثانية",
	},
}
