using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Flotilla.Storage.Tests")]
