#include "tests/unit/cli/scripted_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "common/base/mutex.h"

// The library has an instance of its own, whose atomics ThreadSanitizer does not see.
template class grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>;

namespace lmgate::cli {
namespace {

struct Answer {
  grpc::Status status;
  std::string bytes;
};

struct Call {
  std::string method;
  std::string request;
};

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

class ScriptedServer::Service final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Reactor(*this, context);
  }

  Mutex mutex;
  std::map<std::string, std::vector<Answer>> script ABSL_GUARDED_BY(mutex);
  std::vector<Call> calls ABSL_GUARDED_BY(mutex);
  std::multimap<std::string, std::string> metadata ABSL_GUARDED_BY(mutex);

 private:
  // One unary call; deletes itself.
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(Service& service, grpc::GenericCallbackServerContext* context)
        : service_(service), context_(context) {
      StartRead(&request_);
    }

    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
      const Answer answer = service_.Take(*context_, ToBytes(request_));
      if (!answer.status.ok()) return Finish(answer.status);
      reply_ = ToBuffer(answer.bytes);
      StartWriteAndFinish(&reply_, grpc::WriteOptions(), grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    Service& service_;
    grpc::GenericCallbackServerContext* const context_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer reply_;
  };

  Answer Take(const grpc::GenericCallbackServerContext& context, std::string request) {
    // "/lmgate.v1.KeyService/CreateKey"
    const std::string method = context.method().substr(std::string("/lmgate.v1.").size());
    MutexLock lock(&mutex);
    calls.push_back({method, std::move(request)});
    metadata.clear();
    for (const auto& [key, value] : context.client_metadata()) {
      metadata.emplace(std::string(key.data(), key.size()),
                       std::string(value.data(), value.size()));
    }
    const auto found = script.find(method);
    if (found == script.end()) {
      return {grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no script for " + method), ""};
    }
    Answer answer = found->second.front();
    if (found->second.size() > 1) found->second.erase(found->second.begin());
    return answer;
  }
};

ScriptedServer::ScriptedServer() : service_(std::make_unique<Service>()) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::cerr << "cannot listen on loopback" << std::endl;
    std::abort();
  }
  address_ = "127.0.0.1:" + std::to_string(port);
}

ScriptedServer::~ScriptedServer() { Stop(); }

void ScriptedServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

void ScriptedServer::Reply(const std::string& method, const google::protobuf::Message& reply) {
  MutexLock lock(&service_->mutex);
  service_->script[method].push_back({grpc::Status::OK, reply.SerializeAsString()});
}

void ScriptedServer::Fail(const std::string& method, const grpc::Status& status) {
  MutexLock lock(&service_->mutex);
  service_->script[method].push_back({status, ""});
}

std::vector<std::string> ScriptedServer::RequestBytes(const std::string& method) const {
  MutexLock lock(&service_->mutex);
  std::vector<std::string> requests;
  for (const Call& call : service_->calls) {
    if (call.method == method) requests.push_back(call.request);
  }
  return requests;
}

std::vector<std::string> ScriptedServer::Calls() const {
  MutexLock lock(&service_->mutex);
  std::vector<std::string> methods;
  for (const Call& call : service_->calls) methods.push_back(call.method);
  return methods;
}

std::multimap<std::string, std::string> ScriptedServer::Metadata() const {
  MutexLock lock(&service_->mutex);
  return service_->metadata;
}

}  // namespace lmgate::cli
