using System.Text.Json;
using System.Text.Json.Serialization;
using Serenity.Onnx.Formulas;

namespace Serenity.Testing.Json;

/// <summary>A formula of sizes as its text, for tests that compare what is written with what the framework's serializer makes of the same records.</summary>
public sealed class FormulaConverter : JsonConverter<SizeExpression>
{
    /// <inheritdoc/>
    public override SizeExpression Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => SizeExpression.Parse(reader.GetString()!);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SizeExpression value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value?.ToString());
    }
}
