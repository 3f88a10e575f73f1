#include "dataplane/http1/multipart_scan.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "common/base/strings.h"

namespace lmgate::http1 {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

std::string Part(std::string_view name, std::string_view value) {
  return StrCat("--XX\r\nContent-Disposition: form-data; name=\"", name, "\"\r\n\r\n", value,
                "\r\n");
}

MultipartScan Scan(std::string_view body) { return ScanMultipart(kType, body); }

TEST(IsMultipartFormData, LooksAtTheTypeOnly) {
  EXPECT_TRUE(IsMultipartFormData("multipart/form-data; boundary=x"));
  EXPECT_TRUE(IsMultipartFormData(" Multipart/Form-Data ;boundary=x"));
  EXPECT_FALSE(IsMultipartFormData("multipart/form-datax; boundary=x"));
  EXPECT_FALSE(IsMultipartFormData("application/json; a=multipart/form-data"));
  EXPECT_FALSE(IsMultipartFormData(""));
}

TEST(ScanMultipart, FindsModelAndStream) {
  const std::string body = StrCat(
      "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n"
      "Content-Type: audio/wav\r\n\r\nRIFF\r\n--X\r\n\r\n",
      Part("model", "whisper-1"), Part("stream", "true"), "--XX--\r\n");

  const MultipartScan scan = Scan(body);

  EXPECT_TRUE(scan.valid) << scan.error;
  EXPECT_TRUE(scan.has_model);
  EXPECT_EQ(scan.model, "whisper-1");
  EXPECT_EQ(body.substr(scan.model_offset, scan.model.size()), "whisper-1");
  EXPECT_TRUE(scan.stream);
}

TEST(ScanMultipart, ModelMayBeMissing) {
  const MultipartScan scan = Scan(StrCat(Part("prompt", "a"), "--XX--"));

  EXPECT_TRUE(scan.valid);
  EXPECT_FALSE(scan.has_model);
}

TEST(ScanMultipart, BoundaryMayBeQuoted) {
  const std::string body =
      "--a b;c\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--a b;c--";

  EXPECT_EQ(ScanMultipart("multipart/form-data; boundary=\"a b;c\"", body).model, "m");
  EXPECT_EQ(
      ScanMultipart("multipart/form-data; x=\"; boundary=no\" ; BOUNDARY = \"a b;c\"", body).model,
      "m");
}

TEST(ScanMultipart, NameMayBeUnquotedAndInAnyOrder) {
  const std::string body =
      "--XX\r\nContent-Type: text/plain\r\n"
      "content-disposition:form-data; filename=\"a;name=b\";NAME=model\r\n\r\nm\r\n--XX--";

  EXPECT_EQ(Scan(body).model, "m");
}

TEST(ScanMultipart, RefusesMissingBoundary) {
  const std::string body = StrCat(Part("model", "m"), "--XX--");

  for (const std::string_view type :
       {"multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"XX", "multipart/form-data; charset=XX"}) {
    EXPECT_FALSE(ScanMultipart(type, body).valid) << type;
  }
}

TEST(ScanMultipart, TakesBoundaryOf70BytesAndNo71) {
  for (const size_t bytes : {70u, 71u}) {
    const std::string boundary(bytes, 'b');
    const std::string body = StrCat("--", boundary, "\r\n\r\nv\r\n--", boundary, "--");

    EXPECT_EQ(ScanMultipart(StrCat("multipart/form-data; boundary=", boundary), body).valid,
              bytes == 70);
  }
}

TEST(ScanMultipart, RefusesMissingClosingBoundary) {
  const std::string body = Part("model", "m");

  EXPECT_FALSE(Scan(body).valid);
  EXPECT_FALSE(Scan(StrCat(body, "--XX")).valid);
  EXPECT_FALSE(Scan(StrCat(body, "--XX\r\n")).valid);
  EXPECT_FALSE(Scan("").valid);
  EXPECT_TRUE(Scan(StrCat(body, "--XX--")).valid);
}

TEST(ScanMultipart, EveryPrefixIsRefused) {
  const std::string body = StrCat(Part("model", "m"), Part("stream", "true"), "--XX--");

  for (size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(Scan(std::string_view(body).substr(0, length)).valid) << length;
  }
}

TEST(ScanMultipart, RefusesRepeatedModel) {
  EXPECT_EQ(Scan(StrCat(Part("model", "a"), Part("model", "a"), "--XX--")).error,
            "the multipart body names \"model\" twice");
}

TEST(ScanMultipart, RefusesTextAfterBoundary) {
  EXPECT_FALSE(Scan("--XXY\r\n\r\nv\r\n--XX--").valid);
  EXPECT_TRUE(Scan("--XX\r\n\r\nv\r\n--XX--").valid);
  // RFC 2046 allows padding, but not all readers know it.
  EXPECT_FALSE(Scan("--XX \t\r\n\r\nv\r\n--XX--").valid);
}

TEST(ScanMultipart, TakesModelOf512BytesAndNo513) {
  const std::string longest(512, 'm');

  EXPECT_EQ(Scan(StrCat(Part("model", longest), "--XX--")).model, longest);
  EXPECT_FALSE(Scan(StrCat(Part("model", longest + "m"), "--XX--")).valid);
}

TEST(ScanMultipart, TakesPartHeadOf8192BytesAndNo8193) {
  // With its line end; the empty line after it does not count.
  const std::string longest = StrCat("x: ", std::string(8192 - 5, 'h'));

  EXPECT_TRUE(Scan(StrCat("--XX\r\n", longest, "\r\n\r\nv\r\n--XX--")).valid);
  EXPECT_FALSE(Scan(StrCat("--XX\r\n", longest, "h\r\n\r\nv\r\n--XX--")).valid);
}

TEST(ScanMultipart, Takes256PartsAndNo257) {
  std::string parts;
  for (int i = 0; i < 256; ++i) parts += Part("a", "b");

  EXPECT_TRUE(Scan(StrCat(parts, "--XX--")).valid);
  EXPECT_FALSE(Scan(StrCat(parts, Part("a", "b"), "--XX--")).valid);
}

TEST(ScanMultipart, EmptyValueIsFine) {
  const MultipartScan scan = Scan(StrCat("\r\n", Part("model", ""), "--XX--\r\n"));

  EXPECT_TRUE(scan.valid) << scan.error;
  EXPECT_TRUE(scan.has_model);
  EXPECT_EQ(scan.model, "");
}

// Go's mime/multipart reads all of a body by LF when its first boundary line ends so; werkzeug
// takes any line end before a boundary.
TEST(ScanMultipart, RefusesBoundariesThatOnlySomeReadersSee) {
  const std::string good = StrCat(Part("model", "m"), "--XX--");
  ASSERT_TRUE(Scan(good).valid);

  const std::string hidden =
      "--XX\nContent-Disposition: form-data; name=\"model\"\n\nother\n--XX--\n";
  EXPECT_FALSE(Scan(StrCat(hidden, "\r\n", good)).valid);
  EXPECT_FALSE(Scan(StrCat("preamble\r\n", good)).valid);
  EXPECT_FALSE(Scan(StrCat(good, "\r\n", Part("model", "other"), "--XX--")).valid);
  EXPECT_FALSE(Scan(StrCat(good, "epilogue")).valid);
  for (const std::string_view line_end : {"\n", "\r", "\n\r", "\n\n"}) {
    EXPECT_FALSE(Scan(StrCat(Part("a", StrCat("b", line_end, "--XX\r\nc")), good)).valid);
  }
  EXPECT_TRUE(Scan(StrCat(Part("a", "b--XX--c\r\n--X\r\n"), good)).valid);
}

TEST(ScanMultipart, RefusesBoundaryWithinPartHead) {
  EXPECT_FALSE(ScanMultipart("multipart/form-data; boundary=\"a:b\"",
                             "--a:b\r\nx: y\r\n--a:b\r\n\r\nv\r\n--a:b--")
                   .valid);
  EXPECT_FALSE(Scan("--XX\r\n\r\n--XX--").valid) << "a value needs its line end";
}

TEST(ScanMultipart, RefusesPartHeadsThatReadersReadDifferently) {
  for (const std::string_view head :
       {"Content-Disposition: form-data; name=\"a\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"a\"; name*=UTF-8''model",
        "Content-Disposition: form-data; name*=UTF-8''model",
        "Content-Disposition: form-data; name*0=mod; name*1=el",
        "Content-Disposition: form-data; name=\"mo\\del\"",
        "Content-Disposition: form-data; name=\"model\"x",
        "Content-Disposition: form-data; name=\"model", "Content-Disposition: form-data; name",
        "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=model",
        "Content-Disposition: form-data;\r\n name=model",
        "Content-Disposition : form-data; name=model",
        "Content-Disposition: form-data; name=a\nb: c", "Content-Disposition: form-data; name=a\rb",
        "no colon", ": empty name"}) {
    EXPECT_FALSE(Scan(StrCat("--XX\r\n", head, "\r\n\r\nm\r\n--XX--")).valid) << head;
  }
}

TEST(ScanMultipart, RefusesWhatMayBeTakenForModelOrStream) {
  for (const std::string_view name : {"Model", "MODEL", "Stream", "\xc5\xbftream"}) {
    EXPECT_FALSE(Scan(StrCat(Part(name, "m"), "--XX--")).valid) << name;
  }
  EXPECT_TRUE(Scan(StrCat(Part("models", "m"), Part("model_", "m"), "--XX--")).valid);
  EXPECT_EQ(Scan(StrCat(Part("stream", "true"), Part("stream", "false"), "--XX--")).error,
            "the multipart body names \"stream\" twice");
}

TEST(ScanMultipart, ModelIsPlainText) {
  const auto scan = [](std::string_view parameters, std::string_view lines) {
    return Scan(StrCat("--XX\r\nContent-Disposition: form-data; name=model", parameters, "\r\n",
                       lines, "\r\nm\r\n--XX--"))
        .valid;
  };
  EXPECT_TRUE(scan("", "Content-Type: text/plain; charset=UTF-8\r\n"));
  EXPECT_TRUE(scan("", "Content-Type: text/plain\r\n"));

  EXPECT_FALSE(scan("", "Content-Type: text/plain; charset=utf-16\r\n"));
  EXPECT_FALSE(scan("", "Content-Transfer-Encoding: quoted-printable\r\n"));
  EXPECT_FALSE(scan("; filename=a", ""));
  EXPECT_FALSE(scan("; filename*=UTF-8''a", ""));
}

TEST(ScanMultipart, RefusesRepeatedBoundary) {
  const std::string body = StrCat(Part("model", "m"), "--XX--");

  EXPECT_FALSE(ScanMultipart("multipart/form-data; boundary=XX; boundary=YY", body).valid);
  EXPECT_FALSE(ScanMultipart("multipart/form-data; boundary=XX; boundary*=UTF-8''YY", body).valid);
  EXPECT_FALSE(ScanMultipart("multipart/form-data; boundary=\"X\\X\"", body).valid);
}

}  // namespace
}  // namespace lmgate::http1
