using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Small networks of the kinds that people ship besides image classifiers, written as their exporters write them: pipelines of scikit-learn over columns of strings, classifiers of text,
/// joints of speech recognizers, upscalers and segmentation whose sizes are computed in the graph, decoding in loops, quantized weights.
/// </summary>
public static class ShippedModels
{
    private static readonly Dictionary<string, Action<Maker>> _kinds = new(StringComparer.Ordinal)
    {
        ["columns of strings and numbers"] = m => m.Columns(),
        ["text by n-grams"] = m => m.Text(),
        ["joint of a transducer"] = m => m.Joint(),
        ["predictor of a transducer"] = m => m.Predictor(),
        ["upscaler with computed sizes"] = m => m.Upscaler(),
        ["segmentation at the input's size"] = m => m.Segmentation(),
        ["images one by one in a loop"] = m => m.ImageByImage(),
        ["greedy decoding in a loop"] = m => m.Decoding(),
        ["step with and without a cache"] = m => m.Cached(),
        ["weights of 4 bits"] = m => m.Nibbles(),
        ["float16 with float32 ends"] = m => m.Halves(),
        ["spectrum of speech"] = m => m.Spectrum(),
        ["pieces of a sequence"] = m => m.Sequence(),
        ["both directions of a sentence"] = m => m.Sentence(),
        ["anchors from the shape"] = m => m.Anchors(),
    };

    /// <summary>Names of all of them.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. _kinds.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Makes one.</summary>
    /// <param name="kind">Its name.</param>
    /// <returns>The model, and sizes for the dimensions that it leaves open.</returns>
    public static (ModelProto Model, IReadOnlyDictionary<string, long> Sizes) Create(string kind)
    {
        Maker maker = new();
        _kinds[kind](maker);
        return (maker.B.Build(), maker.Sizes);
    }

    private sealed class Maker
    {
        private readonly TestRandom _random = new(11);
        private int _constants;

        public OnnxModelBuilder B { get; } = new();

        public Dictionary<string, long> Sizes { get; } = new(StringComparer.Ordinal);

        /// <summary>skl2onnx: a ColumnTransformer of an encoder over strings and an imputer and scaler over numbers, before trees whose labels are strings, and a ZipMap.</summary>
        public void Columns()
        {
            string city = B.Input("city", DataType.String, -1, 1), kind = B.Input("kind", DataType.String, -1, 1), numbers = B.Input("numbers", DataType.Float, -1, 3);
            (Sizes["city:0"], Sizes["kind:0"], Sizes["numbers:0"]) = (4, 4, 4);
            string strings = B.Node("Concat", [city, kind], ("axis", 1L));
            string encoded = B.Node("ai.onnx.ml:OneHotEncoder", [B.Node("Gather", [strings, B.Integers(0)], ("axis", 1L))], ("cats_strings", (string[])["Oslo", "Rome", "Lima"]), ("zeros", 1L));
            string other = B.Node("ai.onnx.ml:OneHotEncoder", [B.Node("Gather", [strings, B.Integers(1)], ("axis", 1L))], ("cats_strings", (string[])["a", "b"]), ("zeros", 1L));
            string flat = B.Node("Reshape", [B.Node("Concat", [encoded, other], ("axis", -1L)), B.Integers(-1, 5)]);
            string scaled = B.Node("ai.onnx.ml:Scaler", [B.Node("ai.onnx.ml:Imputer", [numbers], ("imputed_value_floats", (float[])[0, 1, 2]), ("replaced_value_float", float.NaN))],
                ("offset", (float[])[1, 2, 3]), ("scale", (float[])[0.5f, 2, 1]));
            string features = B.Node("Concat", [flat, scaled], ("axis", 1L));
            string[] made = B.Nodes("ai.onnx.ml:TreeEnsembleClassifier", [features], 2,
                ("nodes_treeids", (long[])[0, 0, 0]), ("nodes_nodeids", (long[])[0, 1, 2]), ("nodes_featureids", (long[])[5, 0, 0]), ("nodes_values", (float[])[0.5f, 0, 0]),
                ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "LEAF"]), ("nodes_truenodeids", (long[])[1, 0, 0]), ("nodes_falsenodeids", (long[])[2, 0, 0]),
                ("class_treeids", (long[])[0, 0, 0, 0]), ("class_nodeids", (long[])[1, 1, 2, 2]), ("class_ids", (long[])[0, 1, 0, 1]), ("class_weights", (float[])[0.9f, 0.1f, 0.2f, 0.8f]),
                ("classlabels_strings", (string[])["no", "yes"]), ("post_transform", "NONE"));
            B.Output(B.Node("Identity", [made[0]]), DataType.String, null);
            B.Output(B.Node("ai.onnx.ml:Normalizer", [made[1]], ("norm", "L1")), DataType.Float, null);
        }

        /// <summary>skl2onnx: normalized words, counts of n-grams, a linear model, labels of strings.</summary>
        public void Text()
        {
            string words = B.Input("words", DataType.String, 6);
            string lower = B.Node("StringNormalizer", [words], ("case_change_action", "LOWER"), ("is_case_sensitive", 0L), ("locale", "C"), ("stopwords", (string[])["the", "a"]));
            string counts = B.Node("TfIdfVectorizer", [lower], ("mode", "TFIDF"), ("max_gram_length", 2L), ("min_gram_length", 1L), ("max_skip_count", 0L),
                ("ngram_counts", (long[])[0, 3]), ("ngram_indexes", (long[])[0, 1, 2, 3]), ("pool_strings", (string[])["good", "bad", "film", "good", "film"]), ("weights", (float[])[1, 2, 0.5f, 1.5f]));
            string scores = B.Node("Gemm", [B.Node("Unsqueeze", [counts, B.Integers(0)]), Weight(4, 3), Weight(3)]);
            string best = B.Node("ArgMax", [scores], ("axis", 1L), ("keepdims", 0L));
            B.Output(B.Node("ai.onnx.ml:LabelEncoder", [best], ("classes_strings", (string[])["bad", "fair", "good"])), DataType.String, null);
            B.Output(B.Node("Softmax", [scores], ("axis", -1L)), DataType.Float, null);
        }

        /// <summary>Frames and labels meet: [batch, time, 1, width] and [batch, 1, labels, width].</summary>
        public void Joint()
        {
            string frames = B.SymbolicInput("encoder_outputs", DataType.Float, "batch", 32, "time"), labels = B.SymbolicInput("decoder_outputs", DataType.Float, "batch", 24, "labels");
            (Sizes["batch"], Sizes["time"], Sizes["labels"]) = (2, 9, 4);
            string f = Linear(B.Node("Transpose", [frames], ("perm", (long[])[0, 2, 1])), 32, 40), g = Linear(B.Node("Transpose", [labels], ("perm", (long[])[0, 2, 1])), 24, 40);
            string both = B.Node("Add", [B.Node("Unsqueeze", [f, B.Integers(2)]), B.Node("Unsqueeze", [g, B.Integers(1)])]);
            B.Output(B.Node("LogSoftmax", [Linear(B.Node("Relu", [both]), 40, 29)], ("axis", -1L)), DataType.Float, null);
        }

        /// <summary>Labels so far through an embedding and an LSTM that hands its states out, with lengths of which the most is the number of steps.</summary>
        public void Predictor()
        {
            string targets = B.SymbolicInput("targets", DataType.Int32, "batch", "labels"), lengths = B.SymbolicInput("target_length", DataType.Int32, "batch");
            string h = B.SymbolicInput("states.1", DataType.Float, 1, "batch", 16), c = B.SymbolicInput("onnx::LSTM_3", DataType.Float, 1, "batch", 16);
            (Sizes["batch"], Sizes["labels"]) = (2, 5);
            string embedded = B.Node("Gather", [Weight(30, 16), B.Node("Cast", [targets], ("to", (long)DataType.Int64))]);
            string padded = B.Node("Pad", [embedded, B.Integers(0, 1, 0, 0, 0, 0)]);
            string[] made = B.Nodes("LSTM", [B.Node("Transpose", [padded], ("perm", (long[])[1, 0, 2])), Weight(1, 64, 16), Weight(1, 64, 16), Weight(1, 128), "", h, c], 3, ("hidden_size", 16L));
            string all = B.Node("Transpose", [B.Node("Squeeze", [made[0], B.Integers(1)])], ("perm", (long[])[1, 2, 0]));
            B.Output(all, DataType.Float, null);
            B.Output(B.Node("Identity", [lengths]), DataType.Int32, null);
            B.Output(made[1], DataType.Float, null);
            B.Output(made[2], DataType.Float, null);
        }

        /// <summary>Sizes of a Resize from the input's shape, and the image itself upscaled beside.</summary>
        public void Upscaler()
        {
            string x = B.SymbolicInput("image", DataType.Float, "batch", 3, "height", "width");
            (Sizes["batch"], Sizes["height"], Sizes["width"]) = (1, 12, 20);
            string y = B.Node("Relu", [Conv(x, 3, 8)]);
            y = B.Node("DepthToSpace", [Conv(y, 8, 12)], ("blocksize", 2L), ("mode", "CRD"));
            string shape = B.Node("Shape", [x]);
            string sizes = B.Node(
                "Concat", [B.Node("Slice", [shape, B.Integers(0), B.Integers(2), B.Integers(0)]), B.Node("Mul", [B.Node("Slice", [shape, B.Integers(2), B.Integers(4), B.Integers(0)]), B.Integers(2, 2)])], ("axis", 0L));
            B.Output(B.Node("Clip", [B.Node("Add", [y, B.Node("Resize", [x, "", "", sizes], ("mode", "cubic"), ("coordinate_transformation_mode", "pytorch_half_pixel"))]), Number(0), Number(1)]), DataType.Float, null);
        }

        /// <summary>Down, up by what Shape says of the level above, and the labels at the size of the image.</summary>
        public void Segmentation()
        {
            string x = B.SymbolicInput("image", DataType.Float, "n", 3, "h", "w");
            (Sizes["n"], Sizes["h"], Sizes["w"]) = (1, 30, 44);
            string top = B.Node("Relu", [Conv(x, 3, 8)]), down = B.Node("Relu", [Conv(B.Node("MaxPool", [top], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]), ("ceil_mode", 1L)), 8, 16)]);
            string up = UpTo(Conv(down, 16, 8), top);
            string scores = UpTo(Conv(B.Node("Concat", [up, top], ("axis", 1L)), 16, 5), x);
            B.Output(B.Node("ArgMax", [scores], ("axis", 1L), ("keepdims", 0L)), DataType.Int64, null);
        }

        /// <summary>tf2onnx: map_fn over a batch of images in a Loop, then boxes suppressed image by image, each padded to a number of rows.</summary>
        public void ImageByImage()
        {
            string x = B.Input("images", DataType.Uint8, 1, 40, 40, 3);
            string count = B.Node("Squeeze", [B.Node("Slice", [B.Node("Shape", [x]), B.Integers(0), B.Integers(1)]), B.Integers(0)]);
            OnnxModelBuilder body = new("map", prefix: "m_");
            body.Input("m_i", DataType.Int64);
            body.Input("m_go", DataType.Bool);
            string image = body.Node("Cast", [body.Node("Gather", [x, "m_i"])], ("to", 1L));
            string[] pads = body.Nodes("Split", [body.Node("Unsqueeze", [body.Node("Transpose", [image], ("perm", (long[])[2, 0, 1])), body.Integers(0)])], 1, ("axis", 0L));
            body.Output(body.Node("Identity", ["m_go"]), DataType.Bool);
            body.Output(body.Node("Squeeze", [body.Node("Resize", [pads[0], "", "", body.Integers(1, 3, 32, 32)], ("mode", "linear"), ("coordinate_transformation_mode", "asymmetric")), body.Integers(0)]), DataType.Float, null);
            string all = B.Node("Loop", [count, Boolean(true)], ("body", body.Subgraph()));
            string features = B.Node("Relu", [Conv(B.Node("Sub", [B.Node("Mul", [all, Number(1 / 127.5f)]), Number(1)]), 3, 6)]);
            string raw = B.Node("Reshape", [B.Node("Transpose", [B.Node("MaxPool", [Conv(features, 6, 6)], ("kernel_shape", (long[])[4, 4]), ("strides", (long[])[4, 4]))], ("perm", (long[])[0, 2, 3, 1])), B.Integers(1, -1, 6)]);
            string boxes = B.Node("Slice", [raw, B.Integers(0), B.Integers(4), B.Integers(2)]);
            string scores = B.Node("Transpose", [B.Node("Sigmoid", [B.Node("Slice", [raw, B.Integers(4), B.Integers(6), B.Integers(2)])])], ("perm", (long[])[0, 2, 1]));
            string chosen = B.Node("NonMaxSuppression", [boxes, scores, B.Integers(10), Number(0.6f), Number(0.3f)]);
            string rows = B.Node("Gather", [B.Node("Squeeze", [boxes, B.Integers(0)]), B.Node("Squeeze", [B.Node("Slice", [chosen, B.Integers(2), B.Integers(3), B.Integers(1)]), B.Integers(1)])]);
            string missing = B.Node("Sub", [B.Integers(20), B.Node("Slice", [B.Node("Shape", [rows]), B.Integers(0), B.Integers(1)])]);
            B.Output(B.Node("Pad", [rows, B.Node("Concat", [B.Integers(0, 0), missing, B.Integers(0)], ("axis", 0L))]), DataType.Float, null);
            B.Output(B.Node("Cast", [B.Node("Slice", [B.Node("Shape", [chosen]), B.Integers(0), B.Integers(1)])], ("to", 1L)), DataType.Float, null);
        }

        /// <summary>A token at a time until an end token or a number of steps, what was said so far growing as a loop carries it.</summary>
        public void Decoding()
        {
            string memory = B.Input("memory", DataType.Float, 1, 7, 16), start = B.Input("start", DataType.Int64, 1, 1);
            string table = Weight(20, 16);
            OnnxModelBuilder body = new("step", prefix: "s_");
            body.Input("s_i", DataType.Int64);
            body.Input("s_go", DataType.Bool);
            body.Input("s_said", DataType.Int64, 1, -1);
            string state = body.Node("Gather", [table, body.Node("Slice", ["s_said", body.Integers(-1), body.Integers(long.MaxValue), body.Integers(1)])]);
            string mixed = body.Node("MatMul", [body.Node("Softmax", [body.Node("MatMul", [state, body.Node("Transpose", [memory], ("perm", (long[])[0, 2, 1]))])], ("axis", -1L)), memory]);
            string next = body.Node("ArgMax", [body.Node("MatMul", [body.Node("Add", [mixed, state]), body.Node("Transpose", [table])])], ("axis", -1L), ("keepdims", 0L));
            body.Output(body.Node("Not", [body.Node("Equal", [body.Node("Squeeze", [next]), body.Add(OnnxModelBuilder.Tensor("s_end", DataType.Int64, BitConverter.GetBytes(2L)))])]), DataType.Bool);
            body.Output(body.Node("Concat", ["s_said", next], ("axis", 1L)), DataType.Int64, null);
            B.Output(B.Node("Loop", [Scalar(24), Boolean(true), start], ("body", body.Subgraph())), DataType.Int64, null);
        }

        /// <summary>One file for the first step and the others: a branch that takes the cache in and one that does not.</summary>
        public void Cached()
        {
            string ids = B.SymbolicInput("input_ids", DataType.Int64, "batch", "sequence"), cache = B.SymbolicInput("past", DataType.Float, "batch", "past", 16), use = B.Input("use_cache_branch", DataType.Bool, 1);
            (Sizes["batch"], Sizes["sequence"], Sizes["past"]) = (1, 3, 8);
            string state = Linear(B.Node("Gather", [Weight(40, 16), ids]), 16, 16);
            OnnxModelBuilder with = new("with", prefix: "w_"), without = new("without", prefix: "o_");
            with.Output(with.Node("Concat", [cache, state], ("axis", 1L)), DataType.Float, null);
            without.Output(without.Node("Identity", [state]), DataType.Float, null);
            string keys = B.Node("If", [use], ("then_branch", with.Subgraph()), ("else_branch", without.Subgraph()));
            string scores = B.Node("Softmax", [B.Node("MatMul", [state, B.Node("Transpose", [keys], ("perm", (long[])[0, 2, 1]))])], ("axis", -1L));
            B.Output(Linear(B.Node("MatMul", [scores, keys]), 16, 40), DataType.Float, null);
            B.Output(B.Node("Identity", [keys]), DataType.Float, null);
        }

        /// <summary>Products whose weights are blocks of 4 bits, as the quantizer of ONNX Runtime writes them.</summary>
        public void Nibbles()
        {
            string x = B.SymbolicInput("hidden", DataType.Float, "batch", "sequence", 64);
            (Sizes["batch"], Sizes["sequence"]) = (1, 6);
            for (int i = 0; i < 3; i++)
            {
                byte[] packed = [.. Enumerable.Range(0, 64 * 2 * 16).Select(_ => (byte)_random.Next(256))];
                string weights = B.Add(OnnxModelBuilder.Tensor($"q{i}", DataType.Uint8, packed, 64, 2, 16)), scales = Weight(128);
                x = B.Node("Add", [x, B.Node("Tanh", [B.Node("com.microsoft:MatMulNBits", [x, weights, scales], ("K", 64L), ("N", 64L), ("bits", 4L), ("block_size", 32L))])]);
            }
            B.Output(B.Node("ReduceMean", [x], ("axes", (long[])[1]), ("keepdims", 0L)), DataType.Float, null);
        }

        /// <summary>onnxconverter-common with keep_io_types: casts at both ends, float16 between.</summary>
        public void Halves()
        {
            string x = B.Node("Cast", [B.Input("image", DataType.Float, 1, 3, 16, 16)], ("to", (long)DataType.Float16));
            string a = B.Node("Relu", [HalfConv(x, 3, 8)]), b = B.Node("Sigmoid", [HalfConv(x, 3, 8)]);
            string y = HalfConv(B.Node("Concat", [a, B.Node("Mul", [a, b])], ("axis", 1L)), 16, 4);
            B.Output(B.Node("Cast", [B.Node("GlobalAveragePool", [y])], ("to", 1L)), DataType.Float, 1, 4, 1, 1);
        }

        /// <summary>Frames of a signal through a Fourier transform and a filter bank, as front ends of recognizers are exported.</summary>
        public void Spectrum()
        {
            string signal = B.SymbolicInput("audio", DataType.Float, "batch", "samples");
            (Sizes["batch"], Sizes["samples"]) = (1, 640);
            string framed = B.Node("STFT", [B.Node("Unsqueeze", [signal, B.Integers(2)]), Scalar(32), B.Node("HannWindow", [Scalar(64)])], ("onesided", 1L));
            string power = B.Node("ReduceSum", [B.Node("Mul", [framed, framed]), B.Integers(3)], ("keepdims", 0L));
            string mel = B.Node("Log", [B.Node("Max", [B.Node("MatMul", [B.Node("Abs", [power]), Weight(33, 20)]), Number(1e-5f)])]);
            string most = B.Node("Sub", [B.Node("ReduceMax", [mel], ("keepdims", 1L)), Number(8)]);
            B.Output(B.Node("Transpose", [B.Node("Max", [mel, most])], ("perm", (long[])[0, 2, 1])), DataType.Float, null);
        }

        /// <summary>A value split into a sequence, one element changed, all put together again.</summary>
        public void Sequence()
        {
            string x = B.Input("x", DataType.Float, 6, 8);
            string parts = B.Node("SplitToSequence", [x, Scalar(2)], ("axis", 0L)), second = B.Node("SequenceAt", [parts, Scalar(1)]);
            string changed = B.Node("SequenceInsert", [parts, B.Node("Relu", [second]), Scalar(1)]);
            B.Output(B.Node("MatMul", [B.Node("ConcatFromSequence", [changed], ("axis", 0L)), Weight(8, 4)]), DataType.Float, null);
        }

        /// <summary>A GRU in both directions over padded rows with their lengths, pooled by the last.</summary>
        public void Sentence()
        {
            string ids = B.SymbolicInput("ids", DataType.Int64, "rows", "words"), lengths = B.SymbolicInput("lengths", DataType.Int32, "rows");
            (Sizes["rows"], Sizes["words"]) = (3, 7);
            string x = B.Node("Transpose", [B.Node("Gather", [Weight(50, 12), ids])], ("perm", (long[])[1, 0, 2]));
            string[] made = B.Nodes("GRU", [x, Weight(2, 24, 12), Weight(2, 24, 8), Weight(2, 48), lengths], 2, ("hidden_size", 8L), ("direction", "bidirectional"));
            string last = B.Node("Reshape", [B.Node("Transpose", [made[1]], ("perm", (long[])[1, 0, 2])), B.Integers(0, -1)]);
            B.Output(Linear(last, 16, 5), DataType.Float, null);
        }

        /// <summary>Anchors from Range and Expand by the shape of the features, decoded and cut to the best.</summary>
        public void Anchors()
        {
            string x = B.SymbolicInput("image", DataType.Float, 1, 3, "h", "w");
            (Sizes["h"], Sizes["w"]) = (24, 32);
            string features = B.Node("Relu", [B.Node("Conv", [x, Weight(8, 3, 3, 3)], ("strides", (long[])[4, 4]), ("pads", (long[])[1, 1, 1, 1]))]);
            string shape = B.Node("Shape", [features]), rows = B.Node("Gather", [shape, Scalar(2)]), columns = B.Node("Gather", [shape, Scalar(3)]);
            string ys = B.Node("Unsqueeze", [B.Node("Range", [Scalar(0), rows, Scalar(1)]), B.Integers(1)]), xs = B.Node("Unsqueeze", [B.Node("Range", [Scalar(0), columns, Scalar(1)]), B.Integers(0)]);
            string grid = B.Node("Concat", [B.Node("Unsqueeze", [rows, B.Integers(0)]), B.Node("Unsqueeze", [columns, B.Integers(0)])], ("axis", 0L));
            string centers = B.Node("Cast", [B.Node("Concat", [B.Node("Reshape", [B.Node("Expand", [ys, grid]), B.Integers(-1, 1)]), B.Node("Reshape", [B.Node("Expand", [xs, grid]), B.Integers(-1, 1)])], ("axis", 1L))], ("to", 1L));
            string offsets = B.Node("Reshape", [B.Node("Transpose", [Conv(features, 8, 2)], ("perm", (long[])[0, 2, 3, 1])), B.Integers(-1, 2)]);
            string scores = B.Node("Reshape", [B.Node("Sigmoid", [Conv(features, 8, 1)]), B.Integers(-1)]);
            string[] best = B.Nodes("TopK", [scores, B.Node("Min", [B.Integers(10), B.Node("Shape", [scores])])], 2);
            B.Output(B.Node("Gather", [B.Node("Add", [B.Node("Mul", [centers, Number(4)]), offsets]), best[1]]), DataType.Float, null);
            B.Output(best[0], DataType.Float, null);
        }

        private string UpTo(string value, string like)
        {
            string kept = B.Node("Slice", [B.Node("Shape", [value]), B.Integers(0), B.Integers(2), B.Integers(0)]), taken = B.Node("Slice", [B.Node("Shape", [like]), B.Integers(2), B.Integers(4), B.Integers(0)]);
            return B.Node("Resize", [value, "", "", B.Node("Concat", [kept, taken], ("axis", 0L))], ("mode", "linear"), ("coordinate_transformation_mode", "half_pixel"));
        }

        private string Conv(string x, int from, int to) => B.Node("Conv", [x, Weight(to, from, 3, 3), Weight(to)], ("pads", (long[])[1, 1, 1, 1]));

        private string HalfConv(string x, int from, int to)
        {
            Half[] values = [.. Enumerable.Range(0, to * from * 9).Select(_ => (Half)((_random.Next(2001) - 1000) / 4000f))];
            string weight = B.Add(OnnxModelBuilder.Tensor($"half{_constants++}", DataType.Float16, MemoryMarshal.AsBytes<Half>(values), to, from, 3, 3));
            return B.Node("Conv", [x, weight], ("pads", (long[])[1, 1, 1, 1]));
        }

        private string Linear(string x, int from, int to) => B.Node("Add", [B.Node("MatMul", [x, Weight(from, to)]), Weight(to)]);

        private string Weight(params long[] dims)
        {
            float[] values = new float[dims.Aggregate(1L, (p, d) => p * d)];
            for (int i = 0; i < values.Length; i++)
                values[i] = (_random.Next(2001) - 1000) / 4000f;
            return B.Weight(values, dims);
        }

        private string Number(float value) => B.Add(OnnxModelBuilder.Tensor($"number{_constants++}", DataType.Float, BitConverter.GetBytes(value)));

        private string Scalar(long value) => B.Add(OnnxModelBuilder.Tensor($"scalar{_constants++}", DataType.Int64, BitConverter.GetBytes(value)));

        private string Boolean(bool value) => B.Add(OnnxModelBuilder.Tensor($"flag{_constants++}", DataType.Bool, [value ? (byte)1 : (byte)0]));
    }
}
