using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Flotilla.Node.Tests")]
