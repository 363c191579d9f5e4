namespace Flotilla.Swarm.Templates;

/// <summary>A template that cannot be read, or asks for what there is not.</summary>
internal sealed class TemplateException(string message) : Exception(message);
