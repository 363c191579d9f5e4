using Flotilla.Swarm.Services;
using Flotilla.Swarm.Templates;
using Flotilla.Docker;

namespace Flotilla.Swarm.Tasks;

/// <summary>
/// <c>{{.Service.Name}}</c> and its like in host names, environment and mounts. What asks for the node stays a template
/// until there is one: <see cref="TaskOnNode"/> fills it in there.
/// </summary>
internal sealed class TaskTemplates(SwarmService service, string serviceId, string taskId, TaskPlace place)
{
    private readonly TemplateStruct values = new TaskValues(serviceId, service.Name, service.Read.Labels ?? new Dictionary<string, string>(), taskId, place.Text).On(null);

    /// <summary>Whether something waits for the node.</summary>
    public bool NeedsNode { get; private set; }

    /// <exception cref="DockerException">A template cannot be read, or asks for what there is not.</exception>
    public static void Check(string field, string? text, IReadOnlyDictionary<string, string>? labels)
    {
        try
        {
            if (IsTemplate(text ?? ""))
            {
                GoTemplate.Parse(text!).Execute(new TaskValues("", "", labels ?? new Dictionary<string, string>(), "", "").On(null));
            }
        }
        catch (TemplateException wrong)
        {
            throw DockerException.Invalid($"expanding {field} failed: {wrong.Message}");
        }
    }

    public static bool AsksForNode(string text) => IsTemplate(text) && text.Contains(".Node", StringComparison.Ordinal);

    /// <exception cref="TemplateException">Something is asked for that there is not.</exception>
    public string Fill(string text)
    {
        if (AsksForNode(text))
        {
            NeedsNode = true;
            return text;
        }

        return IsTemplate(text) ? GoTemplate.Parse(text).Execute(values) : text;
    }

    private static bool IsTemplate(string text) => text.Contains("{{", StringComparison.Ordinal);
}
