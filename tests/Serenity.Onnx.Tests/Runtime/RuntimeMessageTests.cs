using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Tests.Runtime;

/// <summary>What ONNX Runtime said of fuzzed models, and what a user is told.</summary>
[TestClass]
public sealed class RuntimeMessageTests
{
    [TestMethod]
    [DataRow(
        "[ErrorCode:Fail] /onnxruntime_src/onnxruntime/core/graph/graph.cc:1541 void onnxruntime::Graph::InitializeStateFromModelFileGraphProto() initializer_arg was false. Missing: fuzz2",
        "initializer_arg was false. Missing: fuzz2.")]
    [DataRow(
        "/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX Runtime only *guarantees* support for models",
        "ONNX Runtime only *guarantees* support for models.")]
    [DataRow(
        "[ErrorCode:Fail] status.IsOK() was false. tensorprotoutils.cc:2507 CopySparseData Sparse tensor: sparse_w index is out of bounds. Got:8 expected to be in [0, 4)",
        "status.IsOK() was false. Sparse tensor: sparse_w index is out of bounds. Got:8 expected to be in [0, 4).")]
    [DataRow(
        "[ErrorCode:RuntimeException] Exception during initialization: ::<lambda()> Failed to construct locale with name:en_US.UTF-8",
        "Failed to construct locale with name:en_US.UTF-8.")]
    [DataRow(
        "[ErrorCode:Fail] a/onnxruntime/x.cc:7 onnxruntime::A<T>::f(int (*)(long)) const [with T = std::vector<int>] It (the model) is wrong",
        "It (the model) is wrong.")]
    [DataRow("[ErrorCode:Fail] Type Error: Type (tensor(string)) of output arg (t5) of node (Q) is wrong.", "Type Error: Type (tensor(string)) of output arg (t5) of node (Q) is wrong.")]
    [DataRow("", "it does not say why.")]
    [DataRow("graph.cc:1 broken(", "broken(.")]
    public void Source_locations_and_signatures_are_left_out(string said, string told) => Assert.AreEqual(told, RuntimeMessage.Plain(said));

    [TestMethod]
    public void A_long_message_is_cut_between_characters()
    {
        string told = RuntimeMessage.Plain(string.Concat(Enumerable.Repeat("x🜁", 1000)));
        Assert.IsLessThan(1210, told.Length);
        Assert.EndsWith("word1234 ...", RuntimeMessage.Plain(string.Concat(Enumerable.Repeat("word1234 ", 400))).TrimEnd('.').TrimEnd() + " ...");
        Assert.IsFalse(told.Contains('\uFFFD') || char.IsHighSurrogate(told[told.IndexOf(" ...", StringComparison.Ordinal) - 1]));
    }
}
