using System.Diagnostics;
using System.Globalization;
using Serenity.Build.Header;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;

namespace Serenity.Build.Tests.Header;

[TestClass]
public sealed class ArenaHeaderTests
{
    [TestMethod]
    public void A_C_program_sees_the_plan_of_the_manifest()
    {
        MemoryManifest manifest = Arena();
        TensorFacts output = manifest.Tensors.Single(t => t.Role == TensorRole.Output);
        string program = string.Create(CultureInfo.InvariantCulture, $$"""
            #include "net.memory.h"
            #include "other.memory.h"
            #include <string.h>
            static unsigned char arena[NET_V2_ARENA_BYTES];
            int main(void) {
                if (sizeof arena != {{manifest.Peak.Bytes}}u || NET_V2_ARENA_ALIGNMENT != 16u || NET_V2_STEP_COUNT != 3u || OTHER_STEP_COUNT != 3u) return 1;
                if (sizeof net_v2_tensors / sizeof net_v2_tensors[0] != NET_V2_TENSOR_COUNT || NET_V2_TENSOR_COUNT != 2u) return 2;
                if (sizeof net_v2_schedule / sizeof net_v2_schedule[0] != 3 || strcmp(net_v2_schedule[1], "relu \"1\"?\?/") != 0) return 3;
                if (net_v2_tensors[1].offset != {{output.Offset}}u || net_v2_tensors[1].bytes != NET_V2_OUTPUT_B_BYTES || net_v2_tensors[1].last_step != 2u) return 4;
                if (NET_V2_OUTPUT_B_OFFSET + NET_V2_OUTPUT_B_BYTES > sizeof arena || other_tensors[0].offset != 0) return 5;
                return 0;
            }
            """);
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "net.memory.h"), ArenaHeader.Render(manifest, "net.v2"));
        File.WriteAllText(Path.Combine(folder.Path, "other.memory.h"), ArenaHeader.Render(manifest, "other"));
        File.WriteAllText(Path.Combine(folder.Path, "main.c"), program);
        Assert.AreEqual(0, Run(folder.Path, "cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-unused-const-variable", "-o", "main", "main.c"));
        Assert.AreEqual(0, Run(folder.Path, Path.Combine(folder.Path, "main")));
    }

    [TestMethod]
    public void A_C_program_sees_a_plan_over_several_memories()
    {
        const string Program = """
            #include "net.memory.h"
            #include <string.h>
            static unsigned char dtcm[NET_DTCM_BYTES], axi[NET_AXI_BYTES];
            static unsigned char *const blocks[NET_MEMORY_COUNT] = { dtcm, axi, 0 };
            int main(void) {
                unsigned i, rows = 0;
                if (sizeof dtcm != 1500 || sizeof axi != 1564 || NET_AXI != 1u || NET_FLASH_BYTES != 1000u || NET_TENSOR_COUNT != 4u) return 1;
                for (i = 0; i < NET_TENSOR_COUNT; i++) {
                    if (net_tensors[i].offset + net_tensors[i].bytes > (net_tensors[i].memory == NET_AXI ? sizeof axi : sizeof dtcm)) return 2;
                    rows += strcmp(net_tensors[i].name, "a") == 0;
                }
                if (rows != 2 || NET_MOVE_COUNT != 1u || net_moves[0].step != 2u || net_moves[0].bytes != 1500) return 3;
                memset(blocks[net_moves[0].from_memory] + net_moves[0].from_offset, 7, net_moves[0].bytes);
                memcpy(blocks[net_moves[0].to_memory] + net_moves[0].to_offset, blocks[net_moves[0].from_memory] + net_moves[0].from_offset, net_moves[0].bytes);
                if (axi[64] != 7 || axi[63] != 0) return 4;
                if (NET_INPUT_IN_MEMORY != NET_AXI || NET_INPUT_IN_OFFSET != 64u || NET_OUTPUT_B_MEMORY != NET_DTCM) return 5;
                return NET_WEIGHT_COUNT == 1u && net_weights[0].memory == NET_FLASH && strcmp(net_schedule[0], "conv1") == 0 ? 0 : 6;
            }
            """;
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "net.memory.h"), ArenaHeader.Render(TestManifest.OverMemories(), "net"));
        File.WriteAllText(Path.Combine(folder.Path, "main.c"), Program);
        Assert.AreEqual(0, Run(folder.Path, "cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-unused-const-variable", "-o", "main", "main.c"));
        Assert.AreEqual(0, Run(folder.Path, Path.Combine(folder.Path, "main")));
    }

    [TestMethod]
    public void A_C_program_is_told_what_a_call_needs_at_its_sizes()
    {
        MemoryManifest manifest = Arena();
        ExecutionProgram program = manifest.Program;
        manifest = manifest with
        {
            Range = new RangeFacts(
                new SortedDictionary<string, SizeRange>(StringComparer.Ordinal) { ["past"] = new(0, 100), ["se-q"] = new(1, 375) },
                [SizeExpression.Parse("4*`se-q` + 1504"), SizeExpression.Parse("max(8*past, floor((past + 3)/2)) + 2000")], new Dictionary<string, long> { ["past"] = 100, ["se-q"] = 375 }, []),
            Program = program with { Buffers = [.. program.Buffers.Select(b => b.Name == "b" ? b with { OpenShape = ["1", "`se-q`"] } : b)] },
        };
        const string Program = """
            #include "net.memory.h"
            int main(void) {
                if (NET_SIZE_PAST_MAX != 100L || NET_SIZE_SE_Q_MIN != 1L) return 1;
                if (net_arena_bytes(0L, 375L) != 3004u || net_arena_bytes(100L, 1L) != 2800u || net_arena_bytes(0L, 1L) != 2001u) return 2;
                return net_tensor_bytes(1u, 0L, 10L) == 40u && net_tensor_bytes(0u, 0L, 10L) == 1500u && net_tensors[1].bytes == 1500u ? 0 : 3;
            }
            """;
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "net.memory.h"), ArenaHeader.Render(manifest, "net"));
        File.WriteAllText(Path.Combine(folder.Path, "main.c"), Program);
        Assert.AreEqual(0, Run(folder.Path, "cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-unused-const-variable", "-o", "main", "main.c"));
        Assert.AreEqual(0, Run(folder.Path, Path.Combine(folder.Path, "main")));
    }

    [TestMethod]
    public void Hostile_names_stay_inside_their_comments_and_literals()
    {
        MemoryManifest manifest = Arena();
        string header = ArenaHeader.Render(manifest.With(schedule: ["\"); evil(\"", "a\n#error", "\u00fc"]) with
        {
            Source = new FileInfoEntry("*/ evil /*.onnx", ""),
        }, "9 lives");
        Assert.DoesNotContain("*/ evil", header);
        Assert.DoesNotContain("\n#error", header);
        Assert.Contains("\"\\042); evil(\\042\"", header);
        Assert.Contains("#define M9_LIVES_ARENA_BYTES 3004u", header);
        Assert.IsTrue(header.All(char.IsAscii));
    }

    [TestMethod]
    public void A_C_program_sees_no_place_of_inputs_that_lie_apart()
    {
        const string Program = """
            #include "net.memory.h"
            #include "whole.memory.h"
            #include <string.h>
            static unsigned char arena[NET_ARENA_BYTES];
            int main(void) {
                unsigned i, named = 0;
            #if defined(NET_INPUT_X_OFFSET) || !defined(WHOLE_INPUT_X_OFFSET)
                return 1;
            #endif
                for (i = 0; i < NET_TENSOR_COUNT; i++) {
                    if (net_tensors[i].offset + net_tensors[i].bytes > sizeof arena || net_tensors[i].last_step >= NET_STEP_COUNT) return 2;
                    named += strcmp(net_tensors[i].name, "x") == 0 || strcmp(net_tensors[i].name, "seen") == 0;
                }
                if (named != 0 || NET_OUTPUT_Z_OFFSET + NET_OUTPUT_Z_BYTES > sizeof arena || NET_OUTPUT_Z_BYTES != 256u) return 3;
                for (i = 0; i < WHOLE_TENSOR_COUNT; i++)
                    named += strcmp(whole_tensors[i].name, "x") == 0 || strcmp(whole_tensors[i].name, "seen") == 0;
                return named == 2 && WHOLE_INPUT_X_OFFSET + WHOLE_INPUT_X_BYTES <= WHOLE_ARENA_BYTES && WHOLE_INPUT_X_BYTES == 256u ? 0 : 4;
            }
            """;
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "net.onnx");
        File.WriteAllBytes(path, Google.Protobuf.MessageExtensions.ToByteArray(ViewOfAnInput()));
        foreach ((string name, bool apart) in ((string, bool)[])[("net", true), ("whole", false)])
        {
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, InputsApart = apart };
            OptimizationResult result = ModelOptimizer.Optimize(request);
            Assert.AreEqual("passed", result.Verification?.Status, result.Verification?.Reason);
            FileInfoEntry none = new("", "");
            File.WriteAllText(Path.Combine(folder.Path, name + ".memory.h"), ArenaHeader.Render(ManifestBuilder.Build(request, result, none, none), name));
        }
        File.WriteAllText(Path.Combine(folder.Path, "main.c"), Program);
        Assert.AreEqual(0, Run(folder.Path, "cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-unused-const-variable", "-o", "main", "main.c"));
        Assert.AreEqual(0, Run(folder.Path, Path.Combine(folder.Path, "main")));
    }

    [TestMethod]
    public void A_plan_without_offsets_has_no_header() =>
        Assert.ThrowsExactly<ArgumentException>(() => ArenaHeader.Render(TestManifest.Create(), "x"));

    private static MemoryManifest Arena()
    {
        MemoryManifest manifest = TestManifest.Create(bytes: 3004);
        return manifest with
        {
            Executor = Executor.StaticArena,
            SessionOptions = null,
            Program = ExecutionProgram.Of(
                ["conv1", "relu \"1\"??/", "add"], [],
                [new TensorFacts("a*/", 1500, 0, 0, 2, TensorRole.Activation, null), new TensorFacts("b", 1500, 1504, 1, 2, TensorRole.Output, null, Type: "float[1,375]")]),
        };
    }

    /// <summary>seen = Reshape(x), z = Relu(seen) + Sigmoid(seen).</summary>
    private static ModelProto ViewOfAnInput()
    {
        TensorProto shape = new() { Name = "shape", DataType = 7, Dims = { 2 } };
        shape.Int64Data.AddRange([8, 8]);
        GraphProto graph = new() { Name = "g", Initializer = { shape }, Input = { Value("x", 64) }, Output = { Value("z", 8, 8) } };
        void Node(string type, string output, params string[] inputs)
        {
            NodeProto node = new() { OpType = type, Name = output, Output = { output } };
            node.Input.AddRange(inputs);
            graph.Node.Add(node);
        }
        Node("Reshape", "seen", "x", "shape");
        Node("Relu", "a", "seen");
        Node("Sigmoid", "b", "seen");
        Node("Add", "z", "a", "b");
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } } };

        static ValueInfoProto Value(string name, params long[] dims)
        {
            TensorShapeProto shape = new();
            shape.Dim.AddRange(dims.Select(dim => new TensorShapeProto.Types.Dimension { DimValue = dim }));
            return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
        }
    }

    private static int Run(string folder, string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Inconclusive($"There is no {program} on this machine.");
            return -1;
        }
    }
}
