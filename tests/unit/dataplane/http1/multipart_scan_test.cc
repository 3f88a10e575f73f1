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
  EXPECT_TRUE(Scan("--XX \t\r\n\r\nv\r\n--XX--").valid);
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

TEST(ScanMultipart, PreambleEpilogueAndEmptyValuesAreFine) {
  const MultipartScan scan = Scan(StrCat("preamble\r\n", Part("model", ""), "--XX--\r\nepilogue"));

  EXPECT_TRUE(scan.valid) << scan.error;
  EXPECT_TRUE(scan.has_model);
  EXPECT_EQ(scan.model, "");
}

}  // namespace
}  // namespace lmgate::http1
