using System.Globalization;
using System.Xml;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Formats;

/// <summary>JUnit's XML, in which test reports take results: a test for each model.</summary>
internal sealed class JUnitFormat : IResultFormat
{
    /// <inheritdoc/>
    public void Write(TextWriter output, ResultSet set)
    {
        using (XmlWriter xml = XmlWriter.Create(output, new XmlWriterSettings { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true, CloseOutput = false }))
        {
            xml.WriteStartElement("testsuites");
            foreach (IGrouping<string, ModelResult> project in set.Results.GroupBy(r => r.Project))
            {
                ResultSet own = set with { Results = [.. project] };
                xml.WriteStartElement("testsuite");
                xml.WriteAttributeString("name", project.Key.Length > 0 ? project.Key : "models");
                Count(xml, "tests", own.Results.Count);
                Count(xml, "failures", own.Count(ModelVerdict.Fail));
                Count(xml, "errors", own.Count(ModelVerdict.Error));
                foreach (ModelResult result in own.Results)
                    Write(xml, result, own);
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        output.Write('\n');
    }

    private static void Write(XmlWriter xml, ModelResult result, ResultSet set)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", result.Project.Length > 0 ? result.Project : "models");
        xml.WriteAttributeString("name", ModelText.Clean(result.Model));
        if (result.Place is not null)
        {
            (_, _, string file, int line, _) = (set with { Results = [result with { Diagnostics = [new SerenityDiagnostic("", DiagnosticSeverity.Warning, null, "")] }] }).Messages().First();
            xml.WriteAttributeString("file", file);
            Count(xml, "line", line);
        }
        SerenityDiagnostic[] errors = [.. result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)];
        if (errors.Length > 0)
        {
            xml.WriteStartElement(result.Verdict == ModelVerdict.Fail ? "failure" : "error");
            xml.WriteAttributeString("type", errors[0].Code);
            xml.WriteAttributeString("message", ModelText.Clean(errors[0].Message.Split(". ")[0]));
            xml.WriteString(string.Join('\n', errors.Select(e => $"{e.Code}: {ModelText.Clean(e.Message)}")));
            xml.WriteEndElement();
        }
        xml.WriteElementString("system-out", ResultTable.Write([result]));
        xml.WriteEndElement();
    }

    private static void Count(XmlWriter xml, string name, int count) => xml.WriteAttributeString(name, count.ToString(CultureInfo.InvariantCulture));
}
