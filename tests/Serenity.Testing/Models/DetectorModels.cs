using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Small networks with the post-processing that exporters write behind detectors and speech synthesis, in which sizes depend on data: thresholds by NonZero, TopK of no more than
/// there are, suppression, regions of interest, lengths that are predicted.
/// </summary>
public static class DetectorModels
{
    /// <summary>Names of all of them.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["SSD", "FCOS", "YOLO", "Mask R-CNN", "TTS"];

    /// <summary>Makes one.</summary>
    public static ModelProto Create(string kind) => new Maker().Make(kind);

    private sealed class Maker
    {
        private readonly OnnxModelBuilder _b = new();
        private readonly TestRandom _random = new(7);
        private int _scalars;

        public ModelProto Make(string kind)
        {
            switch (kind)
            {
                case "SSD":
                    Ssd();
                    break;
                case "FCOS":
                    Fcos();
                    break;
                case "YOLO":
                    Yolo();
                    break;
                case "Mask R-CNN":
                    MaskRcnn();
                    break;
                case "TTS":
                    Speech();
                    break;
                default:
                    throw new ArgumentException($"There is no model '{kind}'.", nameof(kind));
            }
            return _b.Build();
        }

        /// <summary>torchvision's: for each class what is above a threshold, the best of it, suppressed together, the best of all.</summary>
        private void Ssd()
        {
            string x = _b.Input("image", DataType.Float, 1, 3, 32, 32);
            string features = Backbone(x, 8);
            string boxes = _b.Node("Reshape", [Conv(features, 8, 4 * 2, 3), _b.Integers(-1, 4)]);
            string logits = _b.Node("Reshape", [Conv(features, 8, 3 * 2, 3), _b.Integers(-1, 3)]);
            string scores = _b.Node("Softmax", [logits], ("axis", -1L));
            List<string> allBoxes = [], allScores = [], allLabels = [];
            for (int label = 1; label < 3; label++)
            {
                string score = _b.Node("Gather", [scores, Scalar(DataType.Int64, label)], ("axis", 1L));
                string keep = _b.Node("NonZero", [_b.Node("Greater", [score, Scalar(0.3f)])]);
                string index = _b.Node("Squeeze", [keep, _b.Integers(0)]);
                (string best, string places) = Best(_b.Node("Gather", [score, index]), 20);
                allScores.Add(best);
                allBoxes.Add(_b.Node("Gather", [_b.Node("Gather", [boxes, index]), places]));
                allLabels.Add(_b.Node("Expand", [Scalar(DataType.Int64, label), _b.Node("Shape", [best])]));
            }
            Suppressed(_b.Node("Concat", [.. allBoxes], ("axis", 0L)), _b.Node("Concat", [.. allScores], ("axis", 0L)), _b.Node("Concat", [.. allLabels], ("axis", 0L)), 10);
        }

        /// <summary>Levels of features, each with a threshold on scores of all classes at once; the class is what remains of the index.</summary>
        private void Fcos()
        {
            string x = _b.Input("image", DataType.Float, 1, 3, 32, 32);
            string level = Backbone(x, 8);
            List<string> allBoxes = [], allScores = [], allLabels = [];
            for (int i = 0; i < 2; i++)
            {
                string scores = _b.Node("Reshape", [_b.Node("Sigmoid", [_b.Node("Transpose", [Conv(level, 8, 4, 3)], ("perm", new long[] { 0, 2, 3, 1 }))]), _b.Integers(-1)]);
                string boxes = _b.Node("Reshape", [_b.Node("Relu", [_b.Node("Transpose", [Conv(level, 8, 4, 3)], ("perm", new long[] { 0, 2, 3, 1 }))]), _b.Integers(-1, 4)]);
                string index = _b.Node("Reshape", [_b.Node("NonZero", [_b.Node("Greater", [scores, Scalar(0.5f)])]), _b.Integers(-1)]);
                (string best, string places) = Best(_b.Node("Gather", [scores, index]), 50);
                string chosen = _b.Node("Gather", [index, places]);
                allScores.Add(best);
                allBoxes.Add(_b.Node("Gather", [boxes, _b.Node("Div", [chosen, Scalar(DataType.Int64, 4)])]));
                allLabels.Add(_b.Node("Mod", [chosen, Scalar(DataType.Int64, 4)]));
                level = _b.Node("MaxPool", [level], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
            }
            Suppressed(_b.Node("Concat", [.. allBoxes], ("axis", 0L)), _b.Node("Concat", [.. allScores], ("axis", 0L)), _b.Node("Concat", [.. allLabels], ("axis", 0L)), 25);
        }

        /// <summary>As ultralytics and YOLOX export it with suppression: the operator's own classes and limit, and what was chosen gathered into rows.</summary>
        private void Yolo()
        {
            string x = _b.Input("image", DataType.Float, 1, 3, 32, 32);
            string raw = _b.Node("Reshape", [Conv(Backbone(x, 8), 8, 7, 3), _b.Integers(1, 7, -1)]);
            string boxes = _b.Node("Transpose", [Slice(raw, 0, 4, 1)], ("perm", new long[] { 0, 2, 1 })), scores = _b.Node("Sigmoid", [Slice(raw, 4, 7, 1)]);
            string chosen = _b.Node("NonMaxSuppression", [boxes, scores, _b.Integers(12), Scalar(0.45f), Scalar(0.25f)]);
            string labels = _b.Node("Gather", [chosen, _b.Integers(1)], ("axis", 1L)), places = _b.Node("Gather", [chosen, _b.Integers(2)], ("axis", 1L));
            string picked = _b.Node("Gather", [_b.Node("Squeeze", [boxes, _b.Integers(0)]), _b.Node("Squeeze", [places, _b.Integers(1)])]);
            string score = _b.Node("Unsqueeze", [_b.Node("GatherND", [scores, chosen]), _b.Integers(1)]);
            Out(_b.Node("Concat", [picked, score, _b.Node("Cast", [labels], ("to", 1L))], ("axis", 1L)));
        }

        /// <summary>Proposals that are suppressed, aligned regions of each, a head, suppression again, and a mask for each of what is left.</summary>
        private void MaskRcnn()
        {
            string x = _b.Input("image", DataType.Float, 1, 3, 32, 32);
            string features = Backbone(x, 8);
            string objectness = _b.Node("Reshape", [Conv(features, 8, 2, 3), _b.Integers(-1)]);
            string anchors = _b.Node("Reshape", [_b.Node("Abs", [Conv(features, 8, 8, 3)]), _b.Integers(-1, 4)]);
            (string best, string places) = Best(objectness, 40);
            string proposals = _b.Node("Gather", [Corners(anchors), places]);
            string kept = Suppress(proposals, _b.Node("Sigmoid", [best]), 15);
            string regions = _b.Node("Gather", [proposals, kept]);
            string aligned = Aligned(features, regions, 4);
            string flat = _b.Node("Relu", [_b.Node("Gemm", [_b.Node("Flatten", [aligned]), Weight(8 * 16, 16)])]);
            string scores = _b.Node("Softmax", [_b.Node("Gemm", [flat, Weight(16, 3)])], ("axis", -1L));
            string refined = _b.Node("Add", [regions, _b.Node("Gemm", [flat, Weight(16, 4)])]);
            string one = _b.Node("Reshape", [_b.Node("Slice", [scores, _b.Integers(1), _b.Integers(2), _b.Integers(1)]), _b.Integers(-1)]);
            string above = _b.Node("Reshape", [_b.Node("NonZero", [_b.Node("Greater", [one, Scalar(0.2f)])]), _b.Integers(-1)]);
            string boxes = _b.Node("Gather", [refined, above]), score = _b.Node("Gather", [one, above]);
            string last = Suppress(boxes, score, 8);
            string found = _b.Node("Gather", [boxes, last]);
            string masks = _b.Node("Relu", [_b.Node("ConvTranspose", [Aligned(features, found, 6), Weight(8, 4, 2, 2)], ("strides", new long[] { 2, 2 }))]);
            Out(found);
            Out(_b.Node("Gather", [score, last]));
            Out(_b.Node("Sigmoid", [Conv(masks, 4, 1, 1)]));
        }

        /// <summary>As piper and other VITS export it: the frames of each phoneme are predicted, and the audio is as long as all of them.</summary>
        private void Speech()
        {
            string ids = _b.Input("phonemes", DataType.Int64, 1, 12);
            string states = _b.Node("Gather", [Weight(20, 8), ids]);
            string durations = _b.Node("Ceil", [_b.Node("Exp", [_b.Node("Squeeze", [_b.Node("MatMul", [states, Weight(8, 1)]), _b.Integers(2)])])]);
            string ends = _b.Node("CumSum", [durations, Scalar(DataType.Int64, 1)]);
            string length = _b.Node("Cast", [_b.Node("ReduceMax", [ends], ("keepdims", 0L))], ("to", (long)DataType.Int64));
            string frames = _b.Node("Range", [Scalar(DataType.Int64, 0), length, Scalar(DataType.Int64, 1)]);
            string before = _b.Node("Less", [_b.Node("Unsqueeze", [_b.Node("Cast", [frames], ("to", 1L)), _b.Integers(0, 2)]), _b.Node("Unsqueeze", [ends, _b.Integers(1)])]);
            string path = _b.Node("Cast", [before], ("to", 1L));
            string spread = _b.Node("Transpose", [_b.Node("MatMul", [path, states])], ("perm", new long[] { 0, 2, 1 }));
            string audio = _b.Node("ConvTranspose", [_b.Node("Tanh", [_b.Node("Conv", [spread, Weight(8, 8, 3)], ("pads", new long[] { 1, 1 }))]), Weight(8, 1, 8)], ("strides", new long[] { 4 }), ("pads", new long[] { 2, 2 }));
            Out(_b.Node("Tanh", [audio]));
        }

        private void Suppressed(string boxes, string scores, string labels, int most)
        {
            // Boxes of different classes are moved apart, so that they do not suppress each other.
            string far = _b.Node("Add", [_b.Node("ReduceMax", [boxes], ("keepdims", 0L)), Scalar(1f)]);
            string moved = _b.Node("Add", [boxes, _b.Node("Unsqueeze", [_b.Node("Mul", [_b.Node("Cast", [labels], ("to", 1L)), far]), _b.Integers(1)])]);
            string kept = Suppress(moved, scores, most);
            Out(_b.Node("Gather", [boxes, kept]));
            Out(_b.Node("Gather", [scores, kept]));
            Out(_b.Node("Gather", [labels, kept]), DataType.Int64);
        }

        private string Suppress(string boxes, string scores, int most)
        {
            string chosen = _b.Node("NonMaxSuppression", [_b.Node("Unsqueeze", [boxes, _b.Integers(0)]), _b.Node("Unsqueeze", [scores, _b.Integers(0, 1)]), _b.Integers(most), Scalar(0.5f)]);
            string places = _b.Node("Squeeze", [_b.Node("Gather", [chosen, _b.Integers(2)], ("axis", 1L)), _b.Integers(1)]);
            return _b.Node("Slice", [places, _b.Integers(0), _b.Integers(most), _b.Integers(0)]);
        }

        /// <summary>The best so many, or all where there are fewer: torch's min(k, n).</summary>
        private (string Values, string Places) Best(string values, int most)
        {
            string count = _b.Node("Shape", [values]);
            string[] best = _b.Nodes("TopK", [values, _b.Node("Min", [count, _b.Integers(most)])], 2, ("axis", 0L));
            return (best[0], best[1]);
        }

        private string Corners(string boxes) => _b.Node("Concat", [Slice(boxes, 0, 2, 1), _b.Node("Add", [Slice(boxes, 0, 2, 1), Slice(boxes, 2, 4, 1)])], ("axis", 1L));

        private string Aligned(string features, string boxes, int size)
        {
            string count = _b.Node("Slice", [_b.Node("Shape", [boxes]), _b.Integers(0), _b.Integers(1)]);
            string batch = _b.Node("ConstantOfShape", [count], ("value", OnnxModelBuilder.Tensor("", DataType.Int64, BitConverter.GetBytes(0L), 1)));
            return _b.Node("RoiAlign", [features, boxes, batch], ("output_height", (long)size), ("output_width", (long)size), ("sampling_ratio", 2L), ("spatial_scale", 1.0));
        }

        private string Backbone(string x, int channels)
        {
            string first = _b.Node("Relu", [Conv(x, 3, channels, 3, stride: 2)]);
            return _b.Node("Relu", [Conv(first, channels, channels, 3, stride: 2)]);
        }

        private string Conv(string x, int from, int to, int kernel, int stride = 1) => _b.Node(
            "Conv", [x, Weight(to, from, kernel, kernel)], ("pads", Enumerable.Repeat((long)(kernel / 2), 4).ToArray()), ("strides", new long[] { stride, stride }));

        private string Slice(string value, long from, long to, long axis) => _b.Node("Slice", [value, _b.Integers(from), _b.Integers(to), _b.Integers(axis)]);

        private string Weight(params long[] dims)
        {
            int count = (int)dims.Aggregate(1L, (p, d) => p * d);
            return _b.Weight(_random.Floats(count, 2 / Math.Sqrt(count / (double)dims[0])), dims);
        }

        private string Scalar(float value) => _b.Add(OnnxModelBuilder.Tensor($"scalar{_scalars++}", DataType.Float, BitConverter.GetBytes(value)));

        private string Scalar(DataType type, long value) => _b.Add(OnnxModelBuilder.Tensor($"scalar{_scalars++}", type, MemoryMarshal.AsBytes<long>([value])));

        private void Out(string value, DataType type = DataType.Float) => _b.Output(value, type, null);
    }
}
