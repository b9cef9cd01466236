using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Serenity.Runtime;

/// <summary>
/// Runs a model that was written as one file for each of several sizes of its open dimensions. A run takes the smallest file that its inputs fit into; inputs that are shorter are filled at
/// their end, and outputs are cut back where they have the size of a dimension of the inputs. May be used by several threads.
/// <para>
/// A session on a file is made when it is first needed, and has weights and a block of its own from then on.
/// </para>
/// </summary>
public sealed class SizedSession : IDisposable
{
    private readonly string[] _dimensions;
    private readonly SizedModel[] _models;
    private readonly SizedTensor[] _inputs;
    private readonly Dictionary<string, SizedTensor> _outputs;
    private readonly SizeChoice _choice;
    private readonly PlannedSession?[] _sessions;
    private readonly object _opening = new();
    private bool _isDisposed;

    /// <summary>Describes the files. Loads none.</summary>
    /// <param name="dimensions">Names of the dimensions that the files differ in.</param>
    /// <param name="models">The files, the smallest first.</param>
    /// <param name="inputs">Inputs of the model.</param>
    /// <param name="outputs">Outputs of the model.</param>
    /// <exception cref="ArgumentException">There is no file, or a file does not say as many sizes or shapes as there are dimensions and inputs.</exception>
    public SizedSession(IReadOnlyList<string> dimensions, IReadOnlyList<SizedModel> models, IReadOnlyList<SizedTensor> inputs, IReadOnlyList<SizedTensor> outputs)
    {
        _dimensions = [.. dimensions ?? throw new ArgumentNullException(nameof(dimensions))];
        _models = [.. models ?? throw new ArgumentNullException(nameof(models))];
        _inputs = [.. inputs ?? throw new ArgumentNullException(nameof(inputs))];
        _outputs = (outputs ?? throw new ArgumentNullException(nameof(outputs))).ToDictionary(o => o.Name, StringComparer.Ordinal);
        if (_models.Length == 0)
            throw new ArgumentException("There is no file.", nameof(models));
        if (_models.Any(m => m.Sizes.Count != _dimensions.Length || m.InputShapes.Count != _inputs.Length))
            throw new ArgumentException("Each file needs a size for every dimension and a shape for every input.", nameof(models));
        _choice = new SizeChoice(_dimensions, _models, _inputs);
        _sessions = new PlannedSession?[_models.Length];
    }

    /// <summary>Names of the dimensions that the files differ in.</summary>
    public IReadOnlyList<string> Dimensions => _dimensions;

    /// <summary>The files, the smallest first.</summary>
    public IReadOnlyList<SizedModel> Models => _models;

    /// <summary>Sessions that were made so far, by their place in <see cref="Models"/>; null for those that were not needed.</summary>
    public IReadOnlyList<PlannedSession?> Sessions
    {
        get
        {
            lock (_opening)
                return [.. _sessions];
        }
    }

    /// <summary>The file that a run with these inputs takes, as its place in <see cref="Models"/>.</summary>
    /// <param name="inputs">Inputs by name.</param>
    /// <exception cref="ArgumentException">None takes them; says which sizes there are.</exception>
    public int Find(IReadOnlyDictionary<string, OrtValue> inputs) => _choice.Find(ShapesOf(inputs ?? throw new ArgumentNullException(nameof(inputs))));

    /// <summary>The session on a file; made now if it was not yet, so that the first run need not wait for it.</summary>
    /// <param name="model">Its place in <see cref="Models"/>.</param>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <inheritdoc cref="PlannedSession(string, PlannedSessionOptions?, SessionOptions?)" path="/exception"/>
    public PlannedSession SessionOf(int model)
    {
        lock (_opening)
        {
            if (_isDisposed)
                throw new ObjectDisposedException(nameof(SizedSession));
            return _sessions[model] ??= _models[model].Open();
        }
    }

    /// <summary>Runs the model.</summary>
    /// <param name="runOptions">Options of the run; null for the defaults.</param>
    /// <param name="inputs">Inputs by name.</param>
    /// <param name="outputNames">Outputs wanted; null for all.</param>
    /// <returns>
    /// The outputs, in the order of their names. Dispose of them. Those that were cut back lie on the heap. An output whose size follows from a dimension in another way (a half of it, say)
    /// comes back as the larger file gives it.
    /// </returns>
    /// <exception cref="ArgumentException">No file takes inputs of these shapes; says which sizes there are.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime cannot run the model on these inputs.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(RunOptions? runOptions, IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyCollection<string>? outputNames = null)
    {
        using Call call = Begin(inputs);
        return call.Cut(call.Session.Run(runOptions, call.Inputs, outputNames), outputNames);
    }

    /// <summary>Runs the model on a thread of the pool (<see cref="PlannedSession.RunAsync"/>).</summary>
    /// <param name="inputs">Inputs by name; do not change or dispose of them before the run is over.</param>
    /// <param name="outputNames">Outputs wanted; null for all.</param>
    /// <param name="runOptions">Options of the run, for it alone; null for the defaults.</param>
    /// <param name="cancellation">Ends the run at the next operator, or the waiting for a block.</param>
    /// <returns>The outputs, as of <see cref="Run"/>.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <inheritdoc cref="Run" path="/exception"/>
    public async Task<IDisposableReadOnlyCollection<OrtValue>> RunAsync(
        IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyCollection<string>? outputNames = null, RunOptions? runOptions = null, CancellationToken cancellation = default)
    {
        using Call call = Begin(inputs);
        return call.Cut(await call.Session.RunAsync(call.Inputs, outputNames, runOptions, cancellation).ConfigureAwait(false), outputNames);
    }

    /// <summary>Ends the sessions that were made, each as <see cref="PlannedSession.Dispose"/> does.</summary>
    public void Dispose()
    {
        lock (_opening)
        {
            _isDisposed = true;
            foreach (PlannedSession? session in _sessions)
                session?.Dispose();
        }
    }

    private Call Begin(IReadOnlyDictionary<string, OrtValue> inputs)
    {
        Dictionary<string, long[]> shapes = ShapesOf(inputs ?? throw new ArgumentNullException(nameof(inputs)));
        int model = _choice.Find(shapes);
        return new Call(this, model, SessionOf(model), inputs, shapes);
    }

    private static Dictionary<string, long[]> ShapesOf(IReadOnlyDictionary<string, OrtValue> inputs) =>
        inputs.Where(i => i.Value.IsTensor).ToDictionary(i => i.Key, i => i.Value.GetTensorTypeAndShape().Shape, StringComparer.Ordinal);

    /// <summary>One run: inputs as the file wants them, and what of its outputs the caller gets.</summary>
    private sealed class Call : IDisposable
    {
        private readonly SizedSession _owner;
        private readonly long?[] _given;
        private readonly SizedModel _model;
        private readonly List<OrtValue> _padded = [];

        public Call(SizedSession owner, int model, PlannedSession session, IReadOnlyDictionary<string, OrtValue> inputs, Dictionary<string, long[]> shapes)
        {
            (_owner, _model, Session) = (owner, owner._models[model], session);
            _given = owner._choice.Given(shapes);
            Dictionary<string, OrtValue> used = inputs.ToDictionary(i => i.Key, i => i.Value, StringComparer.Ordinal);
            Inputs = used;
            try
            {
                for (int i = 0; i < owner._inputs.Length; i++)
                {
                    SizedTensor input = owner._inputs[i];
                    if (!shapes.TryGetValue(input.Name, out long[]? shape) || _model.InputShapes[i].Count != shape.Length)
                        continue;
                    long[] planned = [.. _model.InputShapes[i].Select((size, axis) => size < 0 ? shape[axis] : size)];
                    if (shape.SequenceEqual(planned))
                        continue;
                    OrtValue padded = Boxes.Padded(used[input.Name], planned, input.Padding!);
                    _padded.Add(padded);
                    used[input.Name] = padded;
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public PlannedSession Session { get; }

        public IReadOnlyDictionary<string, OrtValue> Inputs { get; }

        /// <summary>Outputs cut back to the sizes that were given.</summary>
        public IDisposableReadOnlyCollection<OrtValue> Cut(IDisposableReadOnlyCollection<OrtValue> outputs, IReadOnlyCollection<string>? names)
        {
            if (_padded.Count == 0)
                return outputs;
            string[] named = [.. names ?? Session.OutputNames];
            Outputs result = new(outputs);
            try
            {
                for (int i = 0; i < outputs.Count; i++)
                    result.Add(CutOf(outputs[i], named[i]));
                return result;
            }
            catch
            {
                result.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            foreach (OrtValue value in _padded)
                value.Dispose();
        }

        private OrtValue CutOf(OrtValue output, string name)
        {
            if (!_owner._outputs.TryGetValue(name, out SizedTensor? described) || !output.IsTensor)
                return output;
            OrtTensorTypeAndShapeInfo info = output.GetTensorTypeAndShape();
            if (info.ElementDataType == TensorElementType.String || info.Shape.Length != described.Axes.Count)
                return output;
            long[] shape = [.. info.Shape.Select((size, axis) => GivenAlong(described.Axes[axis], size) ?? size)];
            return shape.SequenceEqual(info.Shape) ? output : Boxes.Cut(output, shape);
        }

        // Only where the output has the very size that the file was written for: else it is not this dimension's.
        private long? GivenAlong(string? dimension, long size)
        {
            int index = dimension is null ? -1 : Array.IndexOf(_owner._dimensions, dimension);
            return index >= 0 && _model.Sizes[index] == size && _given[index] is { } given && given < size ? given : null;
        }
    }

    /// <summary>Outputs of a run, some of them cut out of what it gave.</summary>
    private sealed class Outputs(IDisposableReadOnlyCollection<OrtValue> whole) : IDisposableReadOnlyCollection<OrtValue>
    {
        private readonly List<OrtValue> _values = [];

        public int Count => _values.Count;

        public OrtValue this[int index] => _values[index];

        public void Add(OrtValue value) => _values.Add(value);

        public IEnumerator<OrtValue> GetEnumerator() => _values.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public void Dispose()
        {
            foreach (OrtValue value in _values.Except(whole))
                value.Dispose();
            _values.Clear();
            whole.Dispose();
        }
    }
}
