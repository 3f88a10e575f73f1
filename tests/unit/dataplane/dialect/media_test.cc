#include "dataplane/dialect/media.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

chat::Part Read(std::string_view url) {
  chat::Part part;
  EXPECT_THAT(ReadUrl(url, &part), IsOk()) << url;
  return part;
}

TEST(Media, ReadsADataUrl) {
  const chat::Part part = Read("data:image/png;base64,aGk=");
  EXPECT_EQ(part.media_type, "image/png");
  EXPECT_EQ(part.data, "aGk=");
  EXPECT_EQ(part.url, "");
}

TEST(Media, CaseAndParametersOfADataUrlDoNotMatter) {
  const chat::Part part = Read("DATA:image/JPG;charset=utf-8;Base64,aGk=");
  EXPECT_EQ(part.media_type, "image/jpeg");
  EXPECT_EQ(part.data, "aGk=");
}

TEST(Media, OtherUrlsStayAsTheyAre) {
  const chat::Part part = Read("https://x.test/a,b;base64?c=%20");
  EXPECT_EQ(part.url, "https://x.test/a,b;base64?c=%20");
  EXPECT_EQ(part.data, "");
}

TEST(Media, TextOfADataUrlBecomesBase64) {
  EXPECT_EQ(Read("data:,hi%21").data, "aGkh");
  EXPECT_EQ(Read("data:,hi").media_type, "text/plain");
  // A percent sign that encodes nothing is one.
  EXPECT_EQ(Read("data:,%zz").data, "JXp6");
  EXPECT_EQ(Read("data:,a%2").data, "YSUy");
}

TEST(Media, Base64IsPaddedAndOfTheCommonAlphabet) {
  EXPECT_EQ(Read("data:image/png;base64,aGk").data, "aGk=");
  EXPECT_EQ(Read("data:image/png;base64,-_-_").data, "+/+/");
  EXPECT_EQ(Read("data:image/png;base64,aGk%3D").data, "aGk=");
}

TEST(Media, RefusesDataUrlsThatCannotBeRead) {
  chat::Part part;
  EXPECT_THAT(ReadUrl("data:image/png", &part),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without data")));
  EXPECT_THAT(ReadUrl("data:image/png;base64,?!", &part),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not base64")));
}

TEST(Media, WritesWhatItRead) {
  EXPECT_EQ(WriteUrl(Read("data:image/PNG;base64,aGk=")), "data:image/png;base64,aGk=");
  EXPECT_EQ(WriteUrl(Read("https://x.test/i")), "https://x.test/i");
}

TEST(Media, TypesAreLowerCaseWithoutParameters) {
  EXPECT_EQ(NormalizeMediaType(" Image/JPG ; q=1"), "image/jpeg");
  EXPECT_EQ(NormalizeMediaType("text/plain"), "text/plain");
  EXPECT_EQ(NormalizeMediaType(""), "");
}

TEST(Media, AnImageHasTheTypeOfItsData) {
  chat::Part image{.kind = chat::PartKind::kImage, .media_type = "image/jpg"};
  image.data = "iVBORw0KGgoAAAA=";
  EXPECT_EQ(ImageTypeOf(image), "image/png");
  image.data = "R0lGODlh";
  EXPECT_EQ(ImageTypeOf(image), "image/gif");
  image.data = "AAAA";
  EXPECT_EQ(ImageTypeOf(image), "image/jpeg");
}

TEST(Media, FormatsAreTheShortNamesOfTypes) {
  EXPECT_EQ(FormatOf("audio/mpeg"), "mp3");
  EXPECT_EQ(FormatOf("audio/x-wav"), "wav");
  EXPECT_EQ(FormatOf("image/tiff"), "");
  EXPECT_EQ(MediaTypeOf("audio", "MP3"), "audio/mpeg");
  EXPECT_EQ(MediaTypeOf("image", "jpg"), "image/jpeg");
  EXPECT_EQ(MediaTypeOf("image", "tiff"), "image/tiff");
}

TEST(Media, TellsBase64) {
  EXPECT_TRUE(IsBase64(""));
  EXPECT_TRUE(IsBase64("aGk="));
  EXPECT_TRUE(IsBase64("aA=="));
  EXPECT_TRUE(IsBase64("aGk"));
  EXPECT_FALSE(IsBase64("a==="));
  EXPECT_FALSE(IsBase64("===="));
  EXPECT_FALSE(IsBase64("aG k"));
  EXPECT_FALSE(IsBase64("-_"));
}

}  // namespace
}  // namespace lmgate::dialect
