using Google.Protobuf.Reflection;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Models;

[TestClass]
public sealed class WireSchemaTests
{
    [TestMethod]
    public void Fields_are_those_of_the_schema_file()
    {
        Stack<MessageDescriptor> open = new([ModelProto.Descriptor]);
        HashSet<string> seen = [];
        while (open.TryPop(out MessageDescriptor? message))
        {
            if (!seen.Add(message.Name))
                continue;
            WireField[] fields = WireSchema.Messages[message.Name];
            HashSet<int> numbers = [];
            foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            {
                numbers.Add(field.FieldNumber);
                WireKind kind = field.FieldType switch
                {
                    FieldType.Message => WireKind.Message,
                    FieldType.String => WireKind.Text,
                    FieldType.Bytes => WireKind.Bytes,
                    FieldType.Float => WireKind.Fixed32,
                    FieldType.Double => WireKind.Fixed64,
                    _ => WireKind.Varint,
                };
                string? inner = kind == WireKind.Message ? field.MessageType.Name : null;
                Assert.AreEqual(new WireField(field.Name, kind, field.IsRepeated, inner), fields[field.FieldNumber], $"{message.Name}.{field.Name}");
                if (inner is not null)
                    open.Push(field.MessageType);
            }
            Assert.AreEqual(numbers.Count, fields.Count(f => f.Kind != WireKind.Unknown), message.Name);
        }
        Assert.HasCount(WireSchema.Messages.Count, seen);
    }
}
